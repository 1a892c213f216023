#include "net/connection.h"

#include <sys/socket.h>

#include <algorithm>
#include <cerrno>

#include "net/proxy_transport.h"

namespace marmoset::net {

namespace {

// How long a half-closed peer may take to close its side (RFC 9112 9.6: the lingering close).
constexpr uint64_t kLingerMs = 2000;

}  // namespace

std::unique_ptr<Transport> ConnectionObserver::on_proxied(const Address&, std::unique_ptr<Transport> socket,
                                                          CloseReason&) {
    return socket;
}

Connection::Connection(Loop& loop, std::unique_ptr<Transport> transport, const Address& peer,
                       ConnectionObserver& observer)
    : loop_(loop), observer_(observer), transport_(std::move(transport)), peer_(peer) {
    poll_.data = this;
}

Connection::~Connection() = default;

bool Connection::start(std::unique_ptr<Protocol> protocol) {
    protocol_ = std::move(protocol);
    if (uv_poll_init(loop_.uv(), &poll_, transport_->descriptor()) != 0) {
        closing_ = true;
        protocol_->on_closed(CloseReason::InternalError);
        observer_.on_connection_closed(*this, CloseReason::InternalError);
        delete this;
        return false;
    }
    begin_handshake();
    if (!closing_) update_interest();
    return true;
}

void Connection::begin_handshake() {
    handshake_ = transport_->handshake();
    if (!handshaking()) return;
    const uint64_t timeout_ms = transport_->handshake_timeout_ms();
    if (timeout_ms != 0) set_deadline(timeout_ms);
    end_handshake();
}

void Connection::replace_protocol(std::unique_ptr<Protocol> protocol) {
    loop_.retire(std::move(protocol_));
    protocol_ = std::move(protocol);
}

void Connection::pause(ReadPause reason) {
    paused_ |= static_cast<uint8_t>(reason);
    if (!closing_) loop_.at_turn_end(*this);
}

void Connection::resume(ReadPause reason) {
    paused_ &= static_cast<uint8_t>(~static_cast<uint8_t>(reason));
    if (!closing_) loop_.at_turn_end(*this);
}

// Polling is changed at the end of the turn: a pause and a resume within one turn cost nothing.
void Connection::on_turn_end() {
    if (closing_) return;
    if (paused_ == 0 && !handshaking() && transport_->pending()) on_readable();  // what a pause left behind
    if (closing_) return;
    update_interest();
    if (!output_lost_ || loss_told_) return;
    loss_told_ = true;
    if (!lingering_) protocol_->on_output_progress();
}

void Connection::update_interest() {
    if (handshaking()) {
        // While it is queued what is polled for stays: mostly its turn comes before the next poll.
        if (!handshake_queued_)
            poll_for(handshake_ == Transport::Handshake::WantsWrite ? UV_WRITABLE : UV_READABLE);
        return;
    }
    // While paused only a peer that vanishes is listened for; its polite end of stream waits its turn behind
    // its data.
    const int reading = paused_ == 0                               ? UV_READABLE
                        : paused_for(ReadPause::Ended) || hung_up_ ? 0
                                                                   : UV_DISCONNECT;
    poll_for(reading | (blocked() || half_close_waits_ ? UV_WRITABLE : 0));
}

void Connection::poll_for(int events) {
    const auto wanted = static_cast<uint8_t>(events);
    if (wanted == interest_) return;
    interest_ = wanted;
    if (wanted == 0) {
        uv_poll_stop(&poll_);
        return;
    }
    uv_poll_start(&poll_, wanted, [](uv_poll_t* handle, int status, int events) {
        static_cast<Connection*>(handle->data)->on_poll(status, events);
    });
}

void Connection::on_poll(int status, int events) {
    if (status < 0) {  // libuv says no more than EBADF for any error of the socket
        int error = 0;
        socklen_t size = sizeof error;
        getsockopt(transport_->descriptor(), SOL_SOCKET, SO_ERROR, &error, &size);
        interest_ = 0;  // libuv has stopped polling
        if (outlives_reset(error)) return;
        close(error == ECONNRESET || error == EPIPE ? CloseReason::PeerReset : CloseReason::ReadError);
        return;
    }
    if (handshaking()) {
        if (handshake_queued_) {
            poll_for(0);
        } else {
            handshake_queued_ = true;
            loop_.handshakes().push(*this);
        }
        return;
    }
    if ((events & UV_WRITABLE) != 0) on_writable();
    if ((events & UV_READABLE) != 0 && !closing_ && paused_ == 0) on_readable();
    if ((events & UV_DISCONNECT) != 0 && !closing_) {
        hung_up_ = true;
        loop_.at_turn_end(*this);
    }
}

void Connection::advance_handshake() {
    handshake_queued_ = false;
    handshake_ = transport_->handshake();
    loop_.at_turn_end(*this);
    if (handshaking()) {
        end_handshake();
        return;
    }
    if (ProxyTransport* const proxy = transport_->proxy()) {
        follow_proxy(*proxy);
        if (closing_ || handshaking()) return;
    } else if (counts_bytes_) {
        loop_.counters().add(transport_->resumed() ? Counter::TlsResumed : Counter::TlsFull);
    }
    if (!lingering_) protocol_->on_secured();
    if (!closing_ && blocked()) on_writable();  // what was written meanwhile
}

// The header has been read: the client it names, and the transport behind it, take the place of the proxy's.
void Connection::follow_proxy(ProxyTransport& proxy) {
    if (counts_bytes_) loop_.counters().add(Counter::ProxyAccepted);
    if (lingering_) {
        close(final_reason_);
        return;
    }
    const ProxyHeader header = proxy.header();
    CloseReason refusal = CloseReason::InternalError;
    const Address client = header.names_client ? header.client : peer_;
    auto transport = observer_.on_proxied(client, proxy.release_socket(), refusal);
    if (!transport) {
        close(refusal);
        return;
    }
    peer_ = client;
    secure_ = header.secure;
    transport_ = std::move(transport);
    begin_handshake();
}

// When it will not be completed.
void Connection::end_handshake() {
    switch (handshake_) {
        case Transport::Handshake::Closed:
            close(CloseReason::PeerClosed);
            return;
        case Transport::Handshake::Failed: {
            const bool proxied = transport_->proxy() != nullptr;
            if (counts_bytes_) loop_.counters().add(proxied ? Counter::ProxyMalformed : Counter::TlsFailed);
            close(proxied ? CloseReason::ProxyFailed : CloseReason::TlsFailed);
            return;
        }
        case Transport::Handshake::Refused:
            if (counts_bytes_) loop_.counters().add(Counter::TlsFailed);
            handshake_ = Transport::Handshake::Done;
            loop_.output().forget(*this);
            close_after_output(CloseReason::TlsFailed);
            return;
        default:
            return;
    }
}

// Until the transport has nothing more: the socket alone would not tell of what waits in there.
void Connection::on_readable() {
    while (read_once() && !closing_ && paused_ == 0 && transport_->pending()) {
    }
}

// False: nothing came.
bool Connection::read_once() {
    const MutableBytes buffer = loop_.read_buffer();
    if (lingering_) {
        const ssize_t count = transport_->read(buffer);
        if (count == 0 && unsent() != 0) {
            pause(
                ReadPause::Ended);  // it still reads what is on its way; linger_if_sent() closes behind that
        } else if (count == 0 || (count < 0 && count != -EAGAIN)) {
            close(final_reason_);
        }
        return count > 0;
    }
    const MutableBytes room = buffer.first(std::min(buffer.size(), protocol_->read_limit()));
    ssize_t count = transport_->read(room);
    // The error stands before the end of stream, and is told once.
    if (count == -ECONNRESET && outlives_reset(ECONNRESET)) count = transport_->read(room);
    if (count > 0) {
        if (counts_bytes_) loop_.counters().add(Counter::BytesReceived, static_cast<uint64_t>(count));
        protocol_->on_bytes(buffer.first(static_cast<size_t>(count)));
        if (!closing_) flush();
        return true;
    }
    if (count == 0) {
        pause(ReadPause::Ended);
        protocol_->on_end_of_stream();
        if (!closing_) flush();
    } else if (count != -EAGAIN) {
        close(count == -ECONNRESET ? CloseReason::PeerReset : CloseReason::ReadError);
    }
    return false;
}

void Connection::on_writable() {
    loop_.output().resume(*this);
    if (closing_) return;
    if (!blocked()) loop_.at_turn_end(*this);
    if (lingering_) {
        linger_if_sent();
    } else {
        end_output_if_sent();
        protocol_->on_output_progress();
    }
}

// True: the peer has reset the connection, and what it sent before is to be read.
bool Connection::outlives_reset(int error_number) {
    const bool local = peer_.family() == Address::Family::None || peer_.family() == Address::Family::Unix;
    if (!local || lingering_ || (error_number != ECONNRESET && error_number != EPIPE)) return false;
    if (!protocol_->reads_on_after_reset()) return false;
    loop_.output().forget(*this);
    output_lost_ = true;
    loop_.at_turn_end(*this);
    return true;
}

void Connection::on_output_failed(int error_number) {
    if (outlives_reset(error_number)) return;
    close(error_number == ECONNRESET || error_number == EPIPE ? CloseReason::PeerReset
                                                              : CloseReason::WriteError);
}

void Connection::on_timer() {
    if (closing_) return;
    if (lingering_) {
        close(final_reason_);
    } else if (handshaking() && transport_->handshake_timeout_ms() != 0) {
        const bool proxied = transport_->proxy() != nullptr;
        if (counts_bytes_) {
            loop_.counters().add(proxied ? Counter::ProxySlow : Counter::TlsFailed);
            loop_.counters().add(proxied ? Counter::LimitHeaderTimeout : Counter::LimitTlsHandshakeTimeout);
        }
        close(proxied ? CloseReason::ProxyTimeout : CloseReason::TlsTimeout);
    } else {
        protocol_->on_deadline();
    }
}

void Connection::close_after_output(CloseReason reason) {
    if (ending()) return;
    lingering_ = true;
    final_reason_ = reason;
    const bool ended = paused_for(ReadPause::Ended) || output_lost_;
    flush();
    if (closing_) return;
    if (ended && unsent() == 0) {
        close(reason);
        return;
    }
    paused_ = ended ? static_cast<uint8_t>(ReadPause::Ended) : 0;
    set_deadline(kLingerMs);
    linger_if_sent();
    if (!closing_) loop_.at_turn_end(*this);
}

void Connection::end_output() {
    if (ending() || output_ended_) return;
    output_ended_ = true;
    flush();
    end_output_if_sent();
}

void Connection::end_output_if_sent() {
    if (closing_ || !output_ended_ || unsent() != 0 || half_closed_) return;
    half_closed_ = transport_->shutdown_write();
    half_close_waits_ = !half_closed_;
    loop_.at_turn_end(*this);
}

void Connection::linger_if_sent() {
    if (unsent() != 0) {
        set_deadline(kLingerMs * 5);  // restarted by progress: the peer is taking it
        return;
    }
    if (half_closed_) return;
    if (paused_for(ReadPause::Ended)) {
        close(final_reason_);
        return;
    }
    set_deadline(kLingerMs);
    half_closed_ = transport_->shutdown_write();
    half_close_waits_ = !half_closed_;
}

void Connection::close(CloseReason reason) {
    if (closing_) return;
    closing_ = true;
    const bool all_sent = unsent() == 0;
    clear_deadline();
    if (handshake_queued_) loop_.handshakes().remove(*this);
    loop_.output().forget(*this);
    protocol_->on_closed(reason);
    observer_.on_connection_closed(*this, reason);
    // The peer can tell this end from a cut; when something is missing it shall not.
    if (all_sent && transport_->encrypted() && !handshaking()) transport_->shutdown_write();
    uv_close(reinterpret_cast<uv_handle_t*>(&poll_), [](uv_handle_t* handle) {
        auto* connection = static_cast<Connection*>(handle->data);
        connection->loop_.retire(std::move(connection->protocol_));
        delete connection;
    });
    // The poll handle is inactive from here on, so the descriptor may go at once: its number is not polled
    // any more.
    transport_.reset();
}

}  // namespace marmoset::net
