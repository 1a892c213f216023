// Clients behind proxies: X-Forwarded-For, X-Forwarded-Proto, Forwarded; and the sets of addresses that say
// who is believed. In: a list of proxies, then field lines. What a client may write in front of what its
// proxy adds must change nothing, or be refused; sets against a look at each element.
#include "http/forwarding.h"

#include <arpa/inet.h>

#include "base/text.h"
#include "tests/fuzz/support/fuzz.h"

namespace marmoset::fuzz {
namespace {

constexpr std::string_view kProxy = "10.0.0.1", kClient = "203.0.113.9";

std::string client_of(const http::Forwarding& forwarding, const std::vector<http::Header>& headers) {
    http::Request request;
    request.headers = headers;
    http::Client client{*net::Address::parse(kProxy, 1), false};
    if (!http::find_client(forwarding, request, client)) return "refused";
    return client.address.text() + (client.secure ? " secure" : "");
}

http::Forwarding forwarding_by(http::Forwarding::Field field) {
    http::Forwarding forwarding;
    const std::vector<std::string> proxies{"10.0.0.0/8"};
    forwarding.proxies = net::AddressSet::parse(proxies).take();
    forwarding.field = field;
    return forwarding;
}

void check_fields(std::string_view value) {
    const auto x = forwarding_by(http::Forwarding::Field::XForwardedFor);
    const auto f = forwarding_by(http::Forwarding::Field::Forwarded);
    (void)client_of(x, {{"X-Forwarded-For", value}, {"X-Forwarded-Proto", value}});
    const std::string own = client_of(f, {{"Forwarded", value}});
    // A proxy adds the address it sees, in the same field or in one of its own.
    const std::string expected = std::string(kClient) + ":0";
    const std::string joined = std::string(value) + ", " + std::string(kClient);
    require_equal(expected, client_of(x, {{"X-Forwarded-For", joined}}),
                  "what stands before the proxy's word");
    require_equal(expected, client_of(x, {{"x-forwarded-for", value}, {"X-Forwarded-For", kClient}}),
                  "a field of the client's own");
    require_equal(expected, client_of(f, {{"Forwarded", value}, {"forwarded", "for=203.0.113.9"}}),
                  "a Forwarded of the client's own");
    const std::string added = std::string(value) + ", for=203.0.113.9;proto=http";
    const std::string behind = client_of(f, {{"Forwarded", added}});
    require(behind == expected || behind == "refused", "what stands before the proxy's element");
    require(own == "refused" || behind == expected, "an element behind good ones counts");
    // Not believed without being listed.
    const auto nobody = http::Forwarding{.proxies = {}, .field = http::Forwarding::Field::XForwardedFor};
    require(!nobody.in_requests(*net::Address::parse(kProxy, 1)), "nobody is believed unless listed");
}

/// Bits of a network, one after the other.
bool in_network(const net::Address& address, std::string_view host, unsigned bits, bool ip4) {
    const auto network = net::Address::parse(host, 0);
    if (!network || network->family() != address.family()) return false;
    for (unsigned bit = 0; bit < bits + (ip4 ? 96 : 0); ++bit) {
        const uint8_t mask = static_cast<uint8_t>(0x80 >> bit % 8);
        if (((network->key()[bit / 8] ^ address.key()[bit / 8]) & mask) != 0) return false;
    }
    return true;
}

void check_sets(std::string_view text, Fields& numbers) {
    const std::vector<std::string> texts{std::string(text)};
    const auto parsed = net::AddressSet::parse(texts);
    if (!parsed) {
        require(parsed.error().text.starts_with('"'), "the element is named");
        return;
    }
    // Networks and addresses only: patterns have no other reader.
    if (text.find_first_of("*^$ \t\r\n") != std::string_view::npos) return;
    for (int i = 0; i < 8; ++i) {
        uint8_t bytes[16] = {};
        const bool ip4 = i % 2 == 0;
        const Bytes taken = numbers.bytes(ip4 ? 4 : 16);
        std::copy(taken.begin(), taken.end(), bytes);
        char host[INET6_ADDRSTRLEN];
        inet_ntop(ip4 ? AF_INET : AF_INET6, bytes, host, sizeof host);
        const auto address = *net::Address::parse(host, 0);
        bool expected = false;
        std::string_view rest = text;
        while (const auto element = next_list_element(rest)) {
            const size_t slash = element->find('/');
            const std::string_view network = element->substr(0, slash);
            const bool plain4 = network.find(':') == std::string_view::npos;
            const auto bits = slash == std::string_view::npos ? std::optional<uint64_t>(plain4 ? 32 : 128)
                                                              : parse_decimal(element->substr(slash + 1));
            expected =
                expected || (bits && in_network(address, network, static_cast<unsigned>(*bits), plain4));
        }
        require(parsed->contains(address) == expected, "a set holds what its elements hold");
    }
}

}  // namespace
}  // namespace marmoset::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    using namespace marmoset;
    using namespace marmoset::fuzz;
    Fields fields({data, size});
    const auto set = exact(as_bytes(fields.until('\n')));
    const auto value = exact(as_bytes(fields.until('\n')));
    check_sets(as_text(set), fields);
    check_fields(as_text(value));
    return 0;
}
