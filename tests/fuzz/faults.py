"""Faults that the fuzz targets must find: each changes one place of the sources. `tests/fuzz/run --prove` shows that they do.

`users`: for a fault in a header, the sources that are compiled with it; else the changed source itself is."""

import dataclasses


@dataclasses.dataclass(frozen=True)
class Fault:
    target: str
    what: str
    file: str
    old: str
    new: str
    users: tuple = ()

    @property
    def name(self):
        return f"{self.target}: {self.what}"

    @property
    def folder(self):
        return "".join(c if c.isalnum() else "-" for c in self.name)


FAULTS = [
    Fault("http_connection", "an empty line cut in two", "src/http/http1.cpp",
          "if (partial_ == \"\\r\" && bytes.front() == '\\n') {", "if (false) {"),
    Fault("http_connection", "a view that stays behind", "src/http/request.cpp", "    move(host);\n", ""),
    Fault("http_connection", "an answer cut off", "src/net/connection.cpp", "if (count == 0 && unsent() != 0) {", "if (false) {"),
    Fault("http_connection", "a deadlock behind a blocked answer", "src/http/http1.cpp",
          "        connection().resume(net::ReadPause::Output);\n        continue_pending();", "        arm_deadline();"),

    Fault("http_fields", "escapes in quoted strings", "src/base/text.cpp",
          "if (quoted && list[end] == '\\\\' && end + 1 < list.size()) ++end;", ""),
    Fault("http_fields", "ranges too near to each other", "modules/document/range.cpp",
          "left.offset + left.size + kPartOverhead;", "left.offset + left.size;"),
    Fault("http_fields", "a decoded backslash", "src/http/target.cpp", "c == '\\\\' || c == '\\0') return kBadRequest;",
          "c == '\\0') return kBadRequest;"),
    Fault("http_fields", "minutes of a date", "src/http/date.cpp", "put(20, time / 60 % 60);", "put(20, time / 60 % 59);"),

    Fault("chat_lines", "a name cut within a character", "utils/websocket_chat/names.cpp",
          "(static_cast<uint8_t>(text[bytes]) & 0xc0) == 0x80", "false"),
    Fault("chat_lines", "a tag of any length", "utils/websocket_chat/commands.cpp", "if (tag.size() > kMaxTag)", "if (false)"),
    Fault("chat_lines", "a name of several words from another server", "utils/websocket_chat/backplane_message.cpp",
          "(person.name.empty() || is_name(person.name))", "true"),
    Fault("chat_lines", "a surrogate in UTF-8", "utils/websocket_chat/names.cpp",
          "|| (code >= 0xd800 && code <= 0xdfff)", ""),

    Fault("utf8", "surrogates at the end of a piece", "src/websocket/utf8.cpp", "if (lead == 0xed) upper_ = 0x9f;", ""),
    Fault("utf8", "values beyond Unicode", "src/websocket/utf8.cpp", "value >= 0x10 && value <= 0x10f ? 4 : 0",
          "value >= 0x10 && value <= 0x11f ? 4 : 0"),

    Fault("pattern", "the end of the text", "src/base/pattern.cpp", "match.matched = !to_end || text.empty();", "match.matched = true;"),
    Fault("pattern", "no deny beside an allow", "src/base/pattern.cpp", "return denied.any_pattern || allow.empty();", "return true;"),

    Fault("link_records", "a length beyond the packet", "src/link/record.h", "length > rest_.size() - kRecordHeader",
          "length > rest_.size()", ("tests/fuzz/targets/link_records.cpp",)),
    Fault("link_records", "a topic beyond the record", "src/link/record.cpp", "topic > payload.size() - 2", "topic > payload.size()"),

    Fault("link_metadata", "half a surrogate pair", "src/base/json_scanner.cpp",
          "if (code >= 0xdc00 && code < 0xe000) return fail();", ""),
    Fault("link_metadata", "one member in place of another", "src/link/metadata.cpp",
          "return string(\"OPEN.query\", open.query);", "return string(\"OPEN.query\", open.uri);"),

    Fault("websocket_handshake", "two keys", "src/websocket/handshake.cpp", "if (request.key_count > 1)", "if (request.key_count > 2)"),
    Fault("websocket_handshake", "a foreign domain with the same ending", "src/websocket/handshake.cpp",
          "const std::string_view suffix = pattern.substr(1);", "const std::string_view suffix = pattern.substr(2);"),

    Fault("websocket_session", "unmasked frames", "src/websocket/frame_rules.cpp",
          "header.masked != (sender == Role::Client)", "false"),
    Fault("websocket_session", "the mask's phase", "src/websocket/session.cpp",
          "apply_mask(piece, mask_, payload_offset_);", "apply_mask(piece, mask_, 0);"),
    Fault("websocket_session", "a length not in its shortest form", "src/websocket/frame.h",
          "if (header.length < 126) result.status = DecodeStatus::Invalid;", "", ("src/websocket/session.cpp",)),

    Fault("websocket_session", "masked frames of a server", "src/websocket/frame_rules.cpp",
          "header.masked != (sender == Role::Client)", "(sender == Role::Client && !header.masked)"),
    Fault("websocket_session", "a client without masks", "src/websocket/session_output.cpp",
          "const bool masked = settings_.role == Role::Client;", "const bool masked = false;"),

    Fault("client_handshake", "an accept value of another key", "src/websocket/client_handshake.cpp",
          "answer.accept_count != 1 || trim(answer.accept) != accept_value(asked.key)", "answer.accept_count != 1"),
    Fault("client_handshake", "a head that ends in the next piece", "src/libwebsocket/head_reader.h",
          "size_t from = before;", "size_t from = before + 1;", ("tests/fuzz/targets/client_handshake.cpp",)),
    Fault("client_handshake", "port 0", "src/websocket/url.cpp",
          "    if (url.port == 0) return \"port 0 can't be connected to\";\n", ""),

    Fault("deflate", "a final block that ends in the tail", "src/websocket/message_deflate.cpp",
          "inflater_->after_final_block() && tail_used_ == 0;", "inflater_->after_final_block();"),
    Fault("deflate", "a window the client did not name", "src/websocket/deflate_offer.cpp",
          "agreed.server_window_named = offer.server_window_bits != 0;", "agreed.server_window_named = true;"),

    Fault("link_server", "credit that is not spent", "src/libwebsocket/link_client.cpp", "        credit_ -= message_cost(size);\n", ""),
    Fault("link_server", "two last records of a client", "src/libwebsocket/link.cpp",
          "    if (answered) {\n        clients_.release(client.id());", "    if (true) {\n        clients_.release(client.id());"),

    Fault("link_server", "a client handed over twice", "src/libwebsocket/direct_client.h",
          "return waiting() && state() != State::Opening;", "return state() != State::Opening;", ("src/libwebsocket/link.cpp",)),

    Fault("link_gateway", "credit that is not spent", "modules/websocket/link_client.cpp",
          "send_credit_ -= std::min(send_credit_, link::message_cost(piece.size()));", ""),
    Fault("link_gateway", "published frames inside a message", "modules/websocket/link_client.cpp", "    if (receiving_) {\n", "    if (false) {\n"),

    Fault("stream_framings", "a carriage return in a line", "src/link/line_reader.cpp",
          "if (!whole.empty() && whole.back() == '\\r') whole", "if (whole.size() > 1 && whole.back() == '\\r') whole"),
    Fault("stream_framings", "a record that is told twice", "src/link/record_stream.cpp", "            partial_.clear();\n        }\n    }\n    if (*error_",
          "        }\n    }\n    if (*error_"),
    Fault("stream_framings", "a character cut in two", "modules/websocket/message_cutter.cpp",
          "            text = text.first(complete);\n", ""),

    Fault("auth_fields", "a parameter that stands twice", "src/auth/auth_scanner.cpp",
          "if (out.find(param.name)) return \"a parameter stands twice\";", ""),
    Fault("auth_fields", "control characters in Basic", "src/auth/auth_params.cpp",
          "if (!is_utf8_without_controls(*text))\n        return", "if (false)\n        return"),
    Fault("auth_fields", "the target of a Digest", "src/auth/digest_access.cpp", "{method, \":\", credentials.uri}", "{method}"),
    Fault("auth_fields", "bits that belong to no byte", "src/base/base64.cpp",
          "if (count == 6 || (bits & ((1u << count) - 1)) != 0) return", "if (count == 6) return"),

    Fault("json_web_token", "the end of a token's time", "src/auth/json_web_token.cpp",
          "if (claims.expires != 0 && rules.now >= claims.expires + leeway) return TokenFault::Expired;", ""),
    Fault("json_web_token", "an algorithm that is not the key's", "src/auth/token_key_set.cpp",
          "if (key->algorithm() != algorithm) continue;", ""),
    Fault("json_web_token", "an unknown header that is critical", "src/auth/json_web_token.cpp",
          "!algorithm || header.critical", "!algorithm"),
    Fault("json_web_token", "members that stand twice", "src/auth/json_web_token.cpp", "Json::Members::Unique", "Json::Members::LastCounts"),
    Fault("json_web_token", "a part of an audience", "src/auth/json_web_token.cpp",
          "std::find(list.begin(), list.end(), text) != list.end()", "!list.empty() && list.front().starts_with(text)"),

    Fault("json_web_keys", "keys for encryption", "src/auth/token_key_set.cpp", " && text_of(jwk, \"use\") != \"sig\") return false;",
          " && text_of(jwk, \"use\") == \"\") return false;"),
    Fault("json_web_keys", "the sign of a number in DER", "src/auth/der.cpp", "& 0x80) != 0", "& 0x80) == 1"),

    Fault("password_forms", "a beginning of the digest", "src/auth/password_hash.cpp",
          "return expected && equal_constant_time(*expected, actual);",
          "return expected && actual.starts_with(expected->substr(0, 1));"),
    Fault("password_forms", "the realm of a stored form", "src/auth/password_hash.cpp",
          "digest(form.algorithm, {user, \":\", whole, \":\", password})) && ours", "digest(form.algorithm, {user, \":\", form.realm, \":\", password}))"),
    Fault("password_forms", "a NUL in a password", "src/auth/password_hash.cpp",
          "password.size() <= kLongestPassword &&\n           password.find('\\0') == std::string_view::npos;", "password.size() <= kLongestPassword;"),

    Fault("sign_in_form", "the first of two fields", "modules/auth/form.cpp",
          "if (std::find(names.begin(), names.end(), name) != names.end()) return value;",
          "if (std::find(names.begin(), names.end(), name) != names.end() && &value == &fields_.back().second) return value;"),
    Fault("sign_in_form", "two cookies that differ", "modules/auth/form.cpp", "if (!found.empty() && value != found) return {};", ""),
    Fault("sign_in_form", "another host", "modules/auth/form.cpp", "if (target.size() > 1 && target[1] == '/') return false;", ""),
    Fault("sign_in_form", "a backslash that browsers take for a slash", "modules/auth/form.cpp", " && c != '\\\\'; });", "; });"),

    Fault("provider_answers", "a body beyond its limit", "src/http/response_reader.cpp",
          "if (data.size() > largest_ - body_.size()) return bad(kTooLarge);", ""),
    Fault("provider_answers", "a length that is counted twice", "src/http/response_reader.cpp", "        left_ -= data.size();\n",
          "        left_ -= std::min<uint64_t>(left_, data.size() + 1);\n"),
    Fault("provider_answers", "a token with a line end", "src/auth/openid_connect.cpp",
          "[](char c) { return c > 0x20 && c < 0x7f; }))", "[](char) { return true; }))"),
    Fault("provider_answers", "a host whose name only begins well", "src/auth/openid_connect.cpp",
          'return host == "localhost" ||', 'return host.starts_with("localhost") ||'),

    Fault("rpc_conversation", "a batch of notifications", "utils/websocket_jsonrpc/conversation.cpp",
          "if (--reply.waiting != 0 || reply.text.empty()) return;", "if (--reply.waiting != 0) return;"),
    Fault("rpc_conversation", "a batch's answers before they are there", "utils/websocket_jsonrpc/conversation.cpp",
          "    ++reply->waiting;\n", ""),
    Fault("rpc_conversation", "an id of null", "utils/websocket_jsonrpc/request.cpp",
          "!json_is_number(id) && !json_is_null(id))", "!json_is_number(id))"),
    Fault("rpc_conversation", "a NUL behind the text", "utils/websocket_jsonrpc/conversation.cpp",
          'std::string_view("\\0 \\t\\r\\n", 5)', 'std::string_view(" \\t\\r\\n", 4)'),
    Fault("rpc_conversation", "a frame's size at its limit", "utils/websocket_jsonrpc/frame.cpp",
          "end_ - begin_ - sizeof header < header.size", "end_ - begin_ < header.size"),
    Fault("rpc_conversation", "an optional member of another type", "utils/websocket_jsonrpc/params_format.cpp",
          "if (!value) return complain(where + \" is missing\");", "if (!value) return;"),

    Fault("proxy_header", "bytes of what follows", "src/net/proxy_transport.cpp",
          "size = static_cast<size_t>(static_cast<const char*>(end) - piece) + 1;", "(void)end;"),
    Fault("proxy_header", "a field beyond the header", "src/net/proxy_header.cpp",
          "if (size > whole.size() - at) return false;", "if (size > whole.size()) return false;"),
    Fault("proxy_header", "numbers with leading zeros", "src/net/proxy_header.cpp",
          " || (text.size() > 1 && text.front() == '0')) return std::nullopt;", ") return std::nullopt;"),
    Fault("proxy_header", "more than a header may have", "src/net/proxy_header.cpp",
          " || kFixedPart + length > kMaxProxyHeader) return malformed();", ") return malformed();"),

    Fault("forwarding", "an open quote that swallows", "src/http/forwarding.cpp",
          "    if (at >= rest.size()) return false;\n    rest.remove_prefix(at + 1);",
          "    rest.remove_prefix(std::min(at + 1, rest.size()));"),
    Fault("forwarding", "the first in place of the last", "src/http/forwarding.cpp",
          "const Header& header = headers_[--index_];", "const Header& header = headers_[headers_.size() - index_--];"),
    Fault("forwarding", "the last address of a range", "src/net/address_set.cpp",
          "value <= std::prev(behind)->last;", "value < std::prev(behind)->last;"),

    Fault("configuration", "a number above its bound", "src/config/check.cpp",
          " && number <= static_cast<double>(maximum_of(key)))", ")"),
    Fault("configuration", "a comment in the last line", "src/config/source.cpp", "if (!source.text.ends_with('\\n'))", "if (false)"),
]
