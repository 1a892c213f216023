#include "publications.h"

#include <algorithm>

#include "link_client.h"
#include "websocket/utf8.h"

namespace marmoset::websocket_module {

namespace {

constexpr size_t kKeptCapacity = 65536;  // of a message put together; more is given back

// A subscriber costs one system call, some 6 us, however many messages it carries. To many it is therefore
// worth a tenth of that time to wait for what the server is likely to publish next. Otherwise what one sender
// says leaves alone while the others' wait behind it: with four senders in a room of 1,000 waiting halves the
// time of the processor a delivery takes, and the latency.
constexpr size_t kManySubscribers = 64;
constexpr uint64_t kPatiencePerSubscriber = 600;  // ns
constexpr uint64_t kMaxPatience = 1'000'000;      // ns
constexpr size_t kMaxGathered = 256;              // frames; then they leave

}  // namespace

const char* Publications::take(const link::Record& record) {
    const bool first = (record.header.flags & link::kFirst) != 0;
    const bool last = (record.header.flags & link::kLast) != 0;
    const bool binary = (record.header.flags & link::kBinary) != 0;
    link::PublishPayload payload;
    if (!link::parse_publish(record.payload, payload) || first == unfinished_) return "malformed PUBLISH";
    if (first && last) {
        publish(payload.topic, payload.message, binary, record.header.client);
        return nullptr;
    }
    if (first) {
        unfinished_ = true;
        unfinished_topic_ = payload.topic;
        unfinished_binary_ = binary;
        unfinished_except_ = record.header.client;
    }
    if (payload.topic != unfinished_topic_ ||
        unfinished_message_.size() + payload.message.size() > settings_.session.max_message) {
        return "PUBLISH larger than max_message, or its topic changes";
    }
    unfinished_message_.insert(unfinished_message_.end(), payload.message.begin(), payload.message.end());
    worker_.loop.add_queued_memory(static_cast<int64_t>(payload.message.size()));
    if (!last) return nullptr;
    publish(unfinished_topic_, unfinished_message_, unfinished_binary_, unfinished_except_);
    drop_unfinished();
    return nullptr;
}

void Publications::drop_unfinished() {
    unfinished_ = false;
    worker_.loop.add_queued_memory(-static_cast<int64_t>(unfinished_message_.size()));
    unfinished_message_.clear();
    if (unfinished_message_.capacity() > kKeptCapacity) std::vector<uint8_t>().swap(unfinished_message_);
}

Publications::Frame Publications::make_frame(Bytes payload, bool binary, bool compressed, uint32_t except) {
    const auto opcode = binary ? websocket::Opcode::Binary : websocket::Opcode::Text;
    return {frames_.encode(opcode, payload, compressed ? websocket::kRsvCompressed : 0), except};
}

void Publications::publish(std::string_view topic, Bytes message, bool binary, uint32_t except) {
    if (topics_.subscribers(topic) == 0) return;
    if (!binary && !websocket::is_valid_utf8(message)) {
        flush();
        topics_.for_each(topic, [&](LinkClient& client) {
            if (client.id() != except) client.on_fault("published text is not UTF-8");
        });
        return;
    }
    // Where messages may be left out, each is looked at by itself.
    const bool compressible = settings_.deflate && message.size() >= settings_.deflate_contexts->threshold();
    if (compressible || settings_.session.drop_published) {
        flush();
        publish_alone(topic, message, binary, except);
        return;
    }
    if (topic != gathered_topic_) {
        flush();
        gathered_topic_ = topic;
    }
    gathered_.push_back(make_frame(message, binary, false, except));
}

void Publications::on_packet_end(bool sending) {
    answers_expected_ = sending;
    if (gathered_.empty()) return;
    if (topics_.subscribers(gathered_topic_) < kManySubscribers || gathered_.size() > kMaxGathered) {
        flush();
    } else {
        worker_.loop.at_turn_end(*this);  // behind what the server is sent in this turn
    }
}

void Publications::on_turn_end() {
    if (gathered_.empty()) return;
    const uint64_t now = uv_hrtime();
    if (patience_ends_ == 0) {
        patience_ends_ =
            now + std::min(kMaxPatience, kPatiencePerSubscriber * topics_.subscribers(gathered_topic_));
    }
    if (answers_expected_ && now < patience_ends_) {
        worker_.loop.at_next_turn_end(*this);
    } else {
        flush();
    }
}

// Who leaves the topic because a write fails, or for being too slow, leaves it during the walk.
void Publications::deliver_gathered() {
    patience_ends_ = 0;
    std::vector<Frame> frames = std::move(leaving_);
    frames.swap(gathered_);
    excepted_.clear();
    // Frames that lie one behind the other are one piece.
    struct Piece {
        Bytes bytes;
        const Ref<RefCounted>* owner;
        size_t count;
    };
    std::vector<Piece> pieces;
    for (const Frame& frame : frames) {
        if (frame.except != 0) excepted_.push_back(frame.except);
        const bool joins = !pieces.empty() && pieces.back().owner->get() == frame.owner.get() &&
                           pieces.back().bytes.data() + pieces.back().bytes.size() == frame.bytes.data();
        if (joins) {
            Piece& piece = pieces.back();
            piece.bytes = {piece.bytes.data(), piece.bytes.size() + frame.bytes.size()};
            ++piece.count;
        } else {
            pieces.push_back({frame.bytes, &frame.owner, 1});
        }
    }
    std::sort(excepted_.begin(), excepted_.end());
    excepted_.erase(std::unique(excepted_.begin(), excepted_.end()), excepted_.end());
    topics_.for_each(gathered_topic_, [&](LinkClient& client) {
        if (!std::binary_search(excepted_.begin(), excepted_.end(), client.id())) {
            for (const Piece& piece : pieces)
                client.deliver(piece.bytes, *piece.owner, piece.count);
            return;
        }
        for (const Frame& frame : frames) {
            if (frame.except != client.id()) client.deliver(frame.bytes, frame.owner, 1);
        }
    });
    frames.clear();
    leaving_ = std::move(frames);
}

// The frame is compressed once; every subscriber's queue refers to it.
void Publications::publish_alone(std::string_view topic, Bytes message, bool binary, uint32_t except) {
    const Frame plain = make_frame(message, binary, false, except);
    Frame deflated;  // made for the first who can read it
    const unsigned window_bits = settings_.deflate ? settings_.deflate->window_bits : 0;
    bool may_deflate = settings_.deflate && message.size() >= settings_.deflate_contexts->threshold();
    topics_.for_each(topic, [&](LinkClient& client) {
        if (client.id() == except) return;
        const bool reads_deflated = may_deflate && client.takes_shared_deflate(window_bits);
        if (reads_deflated && deflated.bytes.empty()) {
            const Bytes payload = settings_.deflate_contexts->deflate_shared(message, window_bits);
            may_deflate = payload.size() < message.size();
            if (may_deflate) deflated = make_frame(payload, binary, true, except);
        }
        const Frame& frame = reads_deflated && may_deflate ? deflated : plain;
        client.deliver(frame.bytes, frame.owner, 1);
    });
}

}  // namespace marmoset::websocket_module
