#include "websocket/deflate_offer.h"

#include <algorithm>
#include <utility>

#include "base/text.h"

namespace marmoset::websocket {

namespace {

/// One parameter: `name`, `name=token` or `name="token"`.
struct Parameter {
    std::string_view name;
    std::optional<std::string_view> value;
};

// Takes what stands before the next ';' off the front of `rest`, which is what remains of an offer.
bool next_parameter(std::string_view& rest, Parameter& parameter) {
    const size_t end = rest.find(';');
    const std::string_view text = trim(rest.substr(0, end));
    rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + 1);
    const size_t equals = text.find('=');
    parameter.name = trim(text.substr(0, equals));
    parameter.value.reset();
    if (equals == std::string_view::npos) return is_token(parameter.name);
    std::string_view value = trim(text.substr(equals + 1));
    // RFC 6455 9.1: the text of a quoted value must be a token too, so there is nothing to unescape.
    if (value.size() >= 2 && value.starts_with('"') && value.ends_with('"'))
        value = value.substr(1, value.size() - 2);
    parameter.value = value;
    return is_token(parameter.name) && is_token(value);
}

// RFC 7692 7.1.2.1: decimal, 8 to 15, no leading zero. 0: anything else.
uint8_t parse_window_bits(std::string_view text) {
    const auto bits = parse_decimal(text);
    if (!bits || text.starts_with('0') || *bits < kMinWindowBits || *bits > kMaxWindowBits) return 0;
    return static_cast<uint8_t>(*bits);
}

/// What one offer, or the answer to it, says.
struct Offer {
    bool server_no_takeover = false;
    bool client_no_takeover = false;
    uint8_t server_window_bits = 0;  // 0: not named
    uint8_t client_window_bits = 0;
};

// `answer`: of a server, where client_max_window_bits needs its value (RFC 7692 7.1.2.2).
bool read_parameter(const Parameter& parameter, bool answer, Offer& offer) {
    const auto set_flag = [&](bool& flag) {
        if (flag || parameter.value) return false;
        flag = true;
        return true;
    };
    const auto set_bits = [&](uint8_t& bits, bool value_optional) {
        if (bits != 0) return false;
        if (!parameter.value) bits = value_optional ? kMaxWindowBits : 0;
        if (parameter.value) bits = parse_window_bits(*parameter.value);
        return bits != 0;
    };
    if (equal_caseless(parameter.name, "server_no_context_takeover"))
        return set_flag(offer.server_no_takeover);
    if (equal_caseless(parameter.name, "client_no_context_takeover"))
        return set_flag(offer.client_no_takeover);
    if (equal_caseless(parameter.name, "server_max_window_bits"))
        return set_bits(offer.server_window_bits, false);
    if (equal_caseless(parameter.name, "client_max_window_bits"))
        return set_bits(offer.client_window_bits, !answer);
    return false;
}

bool read_offer(std::string_view text, bool answer, Offer& offer) {
    const size_t end = text.find(';');
    if (!equal_caseless(trim(text.substr(0, end)), "permessage-deflate")) return false;
    if (end == std::string_view::npos) return true;
    std::string_view rest = text.substr(end + 1);
    for (bool more = true; more;) {
        more = rest.find(';') != std::string_view::npos;
        Parameter parameter;
        if (!next_parameter(rest, parameter) || !read_parameter(parameter, answer, offer)) return false;
    }
    return true;
}

}  // namespace

std::optional<DeflateParameters> accept_deflate_offer(std::string_view offers, const DeflatePolicy& policy) {
    while (const auto text = next_list_element(offers)) {
        Offer offer;
        if (!read_offer(*text, false, offer)) continue;
        DeflateParameters agreed;
        agreed.server_takeover = policy.server_takeover && !offer.server_no_takeover;
        agreed.client_takeover = policy.client_takeover && !offer.client_no_takeover;
        agreed.server_window_bits =
            std::min(policy.window_bits, offer.server_window_bits ? offer.server_window_bits
                                                                  : static_cast<uint8_t>(kMaxWindowBits));
        agreed.server_window_named = offer.server_window_bits != 0;
        // RFC 7692 7.1.2.2: a client that did not offer it can't be told to keep to less than the largest.
        if (offer.client_window_bits)
            agreed.client_window_bits = std::min(policy.window_bits, offer.client_window_bits);
        return agreed;
    }
    return std::nullopt;
}

std::string deflate_response(const DeflateParameters& parameters) {
    std::string text = "permessage-deflate";
    if (!parameters.server_takeover) text += "; server_no_context_takeover";
    if (!parameters.client_takeover) text += "; client_no_context_takeover";
    if (parameters.server_window_named || parameters.server_window_bits < kMaxWindowBits)
        text += "; server_max_window_bits=" + std::to_string(parameters.server_window_bits);
    if (parameters.client_window_bits < kMaxWindowBits)
        text += "; client_max_window_bits=" + std::to_string(parameters.client_window_bits);
    return text;
}

std::string_view deflate_offer() {
    return "permessage-deflate; client_max_window_bits";
}

std::optional<DeflateParameters> check_deflate_answer(std::string_view answer) {
    Offer said;
    if (!read_offer(answer, true, said)) return std::nullopt;
    DeflateParameters agreed;
    agreed.server_takeover = !said.server_no_takeover;
    agreed.client_takeover = !said.client_no_takeover;
    if (said.server_window_bits) agreed.server_window_bits = said.server_window_bits;
    if (said.client_window_bits) agreed.client_window_bits = said.client_window_bits;
    agreed.server_window_named = said.server_window_bits != 0;
    return agreed;
}

DeflateParameters at_the_clients_end(const DeflateParameters& agreed) {
    DeflateParameters mirrored = agreed;
    std::swap(mirrored.server_window_bits, mirrored.client_window_bits);
    std::swap(mirrored.server_takeover, mirrored.client_takeover);
    return mirrored;
}

}  // namespace marmoset::websocket
