// What browsers send to sign in. In: a text as a form's body, as a Cookie field, as a place to return to.
// Forms hold what a decoder of some lines finds; a cookie is found where its name stands alone; a place that
// is taken leads nowhere else.
#include <string>
#include <vector>

#include "base/percent.h"
#include "modules/auth/form.h"
#include "tests/fuzz/support/fuzz.h"

namespace marmoset::fuzz {
namespace {

using auth_module::find_cookie;
using auth_module::Form;
using auth_module::is_local_target;

std::vector<std::string_view> split(std::string_view text, char mark) {
    std::vector<std::string_view> parts;
    for (size_t at = 0;;) {
        const size_t end = text.find(mark, at);
        parts.push_back(text.substr(at, end == std::string_view::npos ? end : end - at));
        if (end == std::string_view::npos) return parts;
        at = end + 1;
    }
}

int digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

bool decode(std::string_view text, std::string& out) {
    for (size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '%') {
            out += text[i] == '+' ? ' ' : text[i];
            continue;
        }
        if (i + 2 >= text.size() || digit(text[i + 1]) < 0 || digit(text[i + 2]) < 0) return false;
        out += static_cast<char>(digit(text[i + 1]) * 16 + digit(text[i + 2]));
        i += 2;
    }
    return out.find('\0') == std::string::npos;
}

void check_form(std::string_view body) {
    const auto form = Form::parse(body);
    std::vector<std::pair<std::string, std::string>> fields;
    bool good = true;
    for (const std::string_view field : split(body, '&')) {
        if (field.empty()) continue;
        const size_t equals = std::min(field.find('='), field.size());
        auto& [name, value] = fields.emplace_back();
        good = good && decode(field.substr(0, equals), name) &&
               (equals == field.size() || decode(field.substr(equals + 1), value));
    }
    good = good && fields.size() <= auth_module::kMostFormFields;
    require(form.has_value() == good, "a form, or none");
    if (!good) return;
    for (size_t i = fields.size(); i-- > 0;) {
        std::string_view first;
        for (size_t j = fields.size(); j-- > 0;) {
            if (fields[j].first == fields[i].first) first = fields[j].second;
        }
        require_equal(std::string(form->find({fields[i].first})), std::string(first), "a field's value");
    }
}

void check_cookie(std::string_view header) {
    const std::string_view value = find_cookie(header, "T");
    require(value.find(';') == std::string_view::npos, "a cookie ends with a semicolon");
    if (header.find('T') == std::string_view::npos) require(value.empty(), "there is no such cookie");
    if (value.empty()) return;
    // One more of another name changes nothing; one more of the name must be the same.
    const std::string text(header);
    require_equal(std::string(find_cookie("Tx=1; " + text + "; xT=2", "T")), std::string(value),
                  "its name alone");
    require_equal(std::string(find_cookie(text + "; T=other-" + std::string(value), "T")), "",
                  "two that differ");
}

void check_target(std::string_view target) {
    const std::string encoded = percent_encode(target, "/");
    std::string decoded;
    const bool has_nul = target.find('\0') != std::string_view::npos;
    require(decode(encoded, decoded) != has_nul, "a query's value can be decoded");
    if (!has_nul) require_equal(decoded, std::string(target), "what was encoded");
    require(encoded.find_first_of("\r\n&#; \"\\") == std::string::npos, "nothing that ends a value");
    if (!is_local_target(target)) return;
    // As browsers read it (WHATWG URL): tabs and line ends are dropped, a backslash is a slash.
    std::string seen;
    for (const char c : target) {
        if (c != '\t' && c != '\r' && c != '\n') seen += c == '\\' ? '/' : c;
    }
    require(seen == target, "nothing that browsers read otherwise");
    require(seen.front() == '/' && !seen.starts_with("//"), "a path of the same host");
}

}  // namespace
}  // namespace marmoset::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    const std::string_view text = marmoset::as_text({data, size});
    marmoset::fuzz::check_form(text);
    marmoset::fuzz::check_cookie(text);
    marmoset::fuzz::check_target(text);
    return 0;
}
