// The worker process: clients, their calls, what the library may ask for. In: frames. Out: frames.
#include "worker.h"

#include <unistd.h>

#include <chrono>

#include "answer_text.h"
#include "request.h"

namespace jsonrpc {

using marmoset::Json;

namespace {

// How long connections may take to close when the server has gone; it kills what takes longer.
constexpr auto kEndPatience = std::chrono::milliseconds(1500);
constexpr uint16_t kClientGone = 499;  // read by nobody

Worker* the_worker = nullptr;

}  // namespace

Worker::Worker(marmoset::FileDescriptor channel, const WorkerSettings& settings)
    : channel_(std::move(channel)), settings_(settings), host_{} {
    the_worker = this;
    host_.abi = MARMOSET_JSONRPC_ABI;
    host_.size = sizeof host_;
    host_.max_message = settings_.max_answer;
    host_.timeout_ms = settings_.timeout_ms;
    host_.max_waiting = settings_.max_waiting;
    host_.answer = [](marmoset_jsonrpc_call* call, int kind, json_t* value) {
        the_worker->answer(static_cast<WorkerCall&>(*call), kind, value);
    };
    host_.cancelled = [](const marmoset_jsonrpc_call* call) {
        return static_cast<const WorkerCall*>(call)->cancelled ? 1 : 0;
    };
    host_.notify = [](uint64_t client, const char* method, json_t* params) {
        if (client != 0) return the_worker->notify(client, method, params);
        json_decref(params);
        return -1;
    };
    host_.notify_all = [](const char* method, json_t* params) {
        return the_worker->notify(0, method, params);
    };
    host_.log = [](int level, const char* text) {
        the_worker->channel_.send(
            {.type = FrameType::Log, .code = static_cast<uint16_t>(level), .payload = text});
    };
}

Worker::~Worker() {
    the_worker = nullptr;
}

int Worker::run() {
    std::string error;
    library_ = load_library(settings_.library, settings_.configured ? settings_.config.c_str() : nullptr,
                            host_, error);
    if (!library_) {
        channel_.send({.type = FrameType::Failed, .payload = error});
        return 1;
    }
    threads_ = std::make_unique<Threads>(library_->threads() ? settings_.threads : 1);
    channel_.send({.type = FrameType::Ready, .kind = static_cast<uint8_t>(library_->threads() ? 0 : 1)});

    FrameReader reader;
    Frame frame;
    while (!reader.broken() && channel_.receive(reader)) {
        while (reader.next(frame))
            take(frame);
    }
    end();
    return 0;
}

void Worker::take(const Frame& frame) {
    switch (frame.type) {
        case FrameType::Open:
            return open(frame);
        case FrameType::Close:
            return close(frame.client);
        case FrameType::Call:
            return begin(frame);
        case FrameType::Cancel:
            return cancel(frame.client, frame.call);
        default:
            return;  // the server does not say that
    }
}

// ---- clients
// --------------------------------------------------------------------------------------------------

void Worker::open(const Frame& frame) {
    const auto client = std::make_shared<WorkerClient>(frame.client, frame.call, frame.payload);
    {
        const std::lock_guard lock(mutex_);
        clients_[frame.client] = client;
    }
    threads_->push(client->strand, [this, client] { run_open(client); });
}

void Worker::run_open(const ClientRef& client) {
    {
        const std::lock_guard lock(mutex_);
        if (client->state != WorkerClient::State::Waiting) return;  // was withdrawn
        client->state = WorkerClient::State::Opening;
        client->begun = std::chrono::steady_clock::now();
    }
    const int status = library_->open(client->metadata.client(), client->connection);
    // Before anybody may notify the client.
    channel_.send({.type = FrameType::Opened,
                   .code = static_cast<uint16_t>(status),
                   .client = client->metadata.client().number,
                   .call = client->opening});
    {
        const std::lock_guard lock(mutex_);
        client->state = status == 0 ? WorkerClient::State::Open : WorkerClient::State::Closed;
        if (status != 0) clients_.erase(client->metadata.client().number);
    }
    closed_.notify_all();
    close_if_done(client);
}

void Worker::close(uint64_t number) {
    ClientRef client;
    std::vector<CallRef> calls;
    {
        const std::lock_guard lock(mutex_);
        const auto found = clients_.find(number);
        if (found == clients_.end() || found->second->gone) return;
        client = found->second;
        client->gone = true;
        for (const auto& [_, call] : client->calls)
            calls.push_back(call);
    }
    for (const CallRef& call : calls)
        cancel(*call);
    if (!withdraw(client)) close_if_done(client);
}

// Nobody waits for this opening any more: if its open() has not been called, it won't be. True: the client is
// forgotten.
bool Worker::withdraw(const ClientRef& client) {
    const uint64_t number = client->metadata.client().number;
    WorkerClient::State state;
    {
        const std::lock_guard lock(mutex_);
        state = client->state;
        if (state == WorkerClient::State::Waiting) {
            client->state = WorkerClient::State::Closed;
            clients_.erase(number);
        }
    }
    if (state == WorkerClient::State::Opening) tell_running(number, client->opening, client->begun);
    if (state != WorkerClient::State::Waiting) return false;
    channel_.send(
        {.type = FrameType::Opened, .code = kClientGone, .client = number, .call = client->opening});
    closed_.notify_all();
    return true;
}

void Worker::close_if_done(const ClientRef& client) {
    {
        const std::lock_guard lock(mutex_);
        if (!client->gone || !client->calls.empty() || client->state != WorkerClient::State::Open) return;
        client->state = WorkerClient::State::Closed;
    }
    threads_->push(client->strand, [this, client] { run_close(client); });
}

void Worker::run_close(const ClientRef& client) {
    library_->close(client->connection);
    {
        const std::lock_guard lock(mutex_);
        clients_.erase(client->metadata.client().number);
    }
    closed_.notify_all();
}

// ---- calls
// ----------------------------------------------------------------------------------------------------

void Worker::begin(const Frame& frame) {
    ClientRef client;
    CallRef call;
    const size_t end = frame.payload.find('\0');
    {
        const std::lock_guard lock(mutex_);
        const auto found = clients_.find(frame.client);
        if (found != clients_.end() && !found->second->gone && end != std::string_view::npos) {
            client = found->second;
            call = std::make_shared<WorkerCall>(client, frame.call, frame.payload.substr(0, end),
                                                frame.kind != 0);
            call->text = frame.payload.substr(end + 1);
            client->calls.emplace(frame.call, call);
        }
    }
    if (call) {
        threads_->push(client->strand, [this, call] { run_call(call); });
        return;
    }
    // Sent before the server knew that open() does not let the client in again.
    const std::string error = error_object(kInternalError);
    channel_.send({.type = FrameType::Answer,
                   .kind = static_cast<uint8_t>(AnswerKind::Error),
                   .client = frame.client,
                   .call = frame.call,
                   .payload = error});
}

void Worker::run_call(const CallRef& call) {
    std::string text;
    bool refused;
    {
        const std::lock_guard lock(mutex_);
        refused = call->owner->state != WorkerClient::State::Open;
    }
    {
        const std::lock_guard lock(call->mutex);
        if (call->answered) return;  // cancelled before its turn
        call->begun = true;
        call->since = std::chrono::steady_clock::now();
        text.swap(call->text);
    }
    if (!text.empty()) call->parsed = Json(json_loadb(text.data(), text.size(), 0, nullptr));
    call->params = call->parsed.get();
    call->connection = call->owner->connection;
    json_t* value = nullptr;
    // Its process was started anew, and open() does not let the client in any more.
    const int kind = refused ? MARMOSET_JSONRPC_ERROR : library_->call(*call, value);
    {
        const std::lock_guard lock(call->mutex);
        call->returned = true;
        if (call->told) {
            channel_.send(
                {.type = FrameType::Returned, .client = call->client->number, .call = call->number});
        } else if (call->cancelled && kind == MARMOSET_JSONRPC_LATER) {
            tell(*call, AnswerKind::Dropped, {});
        }
    }
    if (kind != MARMOSET_JSONRPC_LATER) return answer(*call, kind, value);
    finish_if_done(call);
}

void Worker::cancel(uint64_t number, uint64_t call_number) {
    ClientRef client;
    CallRef call;
    {
        const std::lock_guard lock(mutex_);
        const auto found = clients_.find(number);
        if (found == clients_.end()) return;
        client = found->second;
        const auto found_call = client->calls.find(call_number);
        if (found_call != client->calls.end()) call = found_call->second;
    }
    if (client->opening == call_number) withdraw(client);
    if (!call) return;
    {
        const std::lock_guard lock(call->mutex);
        if (call->begun && !call->returned) tell_running(number, call_number, call->since);
    }
    cancel(*call);
}

void Worker::cancel(WorkerCall& call) {
    {
        const std::lock_guard lock(call.mutex);
        if (call.answered || call.cancelled.exchange(true)) return;
        if (call.begun) {
            library_->cancel(call);
        } else {
            call.answered = call.returned = true;
            std::string().swap(call.text);
        }
        if (call.returned && !call.told) tell(call, AnswerKind::Dropped, {});
    }
    finish_if_done(call.shared_from_this());
}

void Worker::answer(WorkerCall& call, int kind, json_t* value) {
    const CallRef kept = call.shared_from_this();  // another thread may end it meanwhile
    const Json owned(value);
    AnswerText answer;
    if (call.cancelled || call.notification) {
        answer.kind = AnswerKind::Dropped;
    } else {
        answer = answer_text(kind, value, settings_.max_answer);
    }
    if (answer.no_error_object) complain(call.name);
    {
        // Waits for the library's cancel().
        const std::lock_guard lock(call.mutex);
        call.answered = true;
        if (!call.told)
            tell(call, call.cancelled ? AnswerKind::Dropped : answer.kind, call.cancelled ? "" : answer.text);
    }
    finish_if_done(kept);
}

// Once for each method: whoever calls it does not fill the log.
void Worker::complain(const std::string& method) {
    {
        const std::lock_guard lock(mutex_);
        if (!complained_.insert(method).second) return;
    }
    const std::string line = "the error of the method " + method + " is no error object";
    channel_.send({.type = FrameType::Log, .code = MARMOSET_JSONRPC_LOG_WARNING, .payload = line});
}

// The server also has to know whether the function returns.
void Worker::tell(WorkerCall& call, AnswerKind kind, std::string_view text) {
    call.told = true;
    channel_.send({.type = FrameType::Answer,
                   .kind = static_cast<uint8_t>(kind),
                   .code = static_cast<uint16_t>(call.returned ? 0 : 1),
                   .client = call.client->number,
                   .call = call.number,
                   .payload = text});
}

void Worker::finish_if_done(const CallRef& call) {
    {
        const std::lock_guard lock(call->mutex);
        if (!call->answered || !call->returned) return;
    }
    {
        const std::lock_guard lock(mutex_);
        if (call->owner->calls.erase(call->number) == 0) return;
    }
    close_if_done(call->owner);
}

// ---- what goes out
// --------------------------------------------------------------------------------------------

// It takes its time: the server, who may think that it hangs, learns how long that is by now.
void Worker::tell_running(uint64_t client, uint64_t number, std::chrono::steady_clock::time_point since) {
    using std::chrono::milliseconds;
    const auto running =
        std::chrono::duration_cast<milliseconds>(std::chrono::steady_clock::now() - since).count();
    const std::string payload = std::to_string(running);
    channel_.send({.type = FrameType::Running, .client = client, .call = number, .payload = payload});
}

int Worker::notify(uint64_t number, const char* method, json_t* params) {
    const Json owned(params);
    if (params && !json_is_object(params) && !json_is_array(params)) return -1;
    if (number != 0) {
        const std::lock_guard lock(mutex_);
        const auto found = clients_.find(number);
        if (found == clients_.end() || found->second->gone) return -1;
        if (found->second->state != WorkerClient::State::Open) return -1;
    }
    const Json notification(
        json_pack("{ssssso*}", "jsonrpc", "2.0", "method", method, "params", json_incref(params)));
    const std::string text = dump(notification.get());
    if (text.empty() || text.size() > settings_.max_answer) return -1;
    channel_.send(
        {.type = number != 0 ? FrameType::Notify : FrameType::NotifyAll, .client = number, .payload = text});
    return 0;
}

// The server has gone: everything is closed in order, if it can be.
void Worker::end() {
    std::vector<uint64_t> numbers;
    {
        const std::lock_guard lock(mutex_);
        for (const auto& [number, _] : clients_)
            numbers.push_back(number);
    }
    for (const uint64_t number : numbers)
        close(number);
    std::unique_lock lock(mutex_);
    if (!closed_.wait_for(lock, kEndPatience, [this] { return clients_.empty(); })) _exit(1);
    lock.unlock();
    threads_.reset();
    library_.reset();
}

}  // namespace jsonrpc
