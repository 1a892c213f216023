// Pattern lists against the rows of ouistiti's behaviour, and the access rule against the lists people ship.
#include "base/pattern.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace marmoset {
namespace {

constexpr std::string_view kNoMatch = "<no match>";

/// The rest of a match, or kNoMatch.
std::string_view rest_of(std::string_view list, std::string_view text, Case sensitivity = Case::Sensitive) {
    const PatternMatch match = match_pattern_list(list, text, sensitivity);
    return match.matched ? match.rest : kNoMatch;
}

bool matches(std::string_view list, std::string_view text) {
    return match_pattern_list(list, text).matched;
}

TEST(PatternList, AnswersAsOuistitiDoes) {
    struct Row {
        const char* text;
        const char* list;
        const char* rest;  // nullptr: no match
    };
    const Row rows[] = {
        {"/index.htmlx", ".html", ""},
        {"/index.html", ".html$", ""},
        {"/index.HTML", ".html$", nullptr},
        {"/my/echo", "echo", ""},
        {"/echo", "^echo", nullptr},
        {"/echo", "^/echo", ""},
        {"/test.cgi/my/info", ".cgi*", "/my/info"},
        {"/test.cgi", ".cgi*", ""},
        {"/trust/x", "^/trust/*", "x"},
        {"/trust", "^/trust/*", nullptr},
        {"/tokenx", "^/token$", nullptr},
        {"/token_totp", "^/token$", nullptr},
        {"/token_totp", "^/token", ""},
        {"/token", "^/token$", ""},
        {"/index.phps", "*.php$", nullptr},
        {"/index.phps", "*.php", "/index.phps"},
        {"/a/x/bz", "^/a*b", "/x/bz"},
        {"/a/x/bz", "^/a*b$", nullptr},
        {"10.0.0.12", "10.0.0.1", ""},
        {"192.168.1.5", "192.168.*", "1.5"},
        {"anything", "*", "anything"},
        {"", "*", ""},
    };
    for (const Row& row : rows) {
        EXPECT_EQ(rest_of(row.list, row.text), row.rest ? row.rest : kNoMatch)
            << row.list << " on " << row.text;
    }
}

TEST(PatternList, RetriesAfterAFalseStart) {
    EXPECT_TRUE(matches(".html", "/a.b.html"));
    EXPECT_TRUE(matches("/trust/", "/x/trust/a"));
    EXPECT_TRUE(matches(".php", "/a.b.php"));
    EXPECT_TRUE(matches("aab", "/aaab"));
    EXPECT_TRUE(matches("^/a*b$", "/a/b/b"));
    EXPECT_TRUE(matches("b$", "/b/b"));
    EXPECT_FALSE(matches("^/b", "/a/b"));
}

TEST(PatternList, EndAnchorWantsTheWholeRest) {
    EXPECT_TRUE(matches("^/a$", "/a"));
    EXPECT_FALSE(matches("^/a$", "/aa"));
    EXPECT_FALSE(matches("^ab*ba$", "aba"));  // the pieces may not share a character
    EXPECT_TRUE(matches("^ab*ba$", "abba"));
    EXPECT_TRUE(matches("^ab*ba$", "abxxba"));
    EXPECT_FALSE(matches(".php$", "php"));
    EXPECT_EQ(rest_of("^/a*$", "/a/b"), "/b");
    EXPECT_EQ(rest_of("^*b$", "ab"), "ab");
    EXPECT_EQ(rest_of("a*c$", "abcd"), kNoMatch);
}

TEST(PatternList, RestIsTheTextAtTheLastStar) {
    EXPECT_EQ(rest_of("^/a/*/c/*", "/a/b/c/d/e"), "d/e");
    EXPECT_EQ(rest_of("a**b", "axxb"), "xxb");
    EXPECT_EQ(rest_of("^/x*,^/y/*", "/y/z"), "z");
    EXPECT_EQ(rest_of("^/y,^/y/*", "/y/z"), "");  // the first alternative that matches wins
    const std::string text = "/t.cgi/info";
    const PatternMatch match = match_pattern_list(".cgi*", text);
    EXPECT_EQ(match.rest.data(), text.data() + 6);
}

TEST(PatternList, AlternativesAreTriedInTurn) {
    EXPECT_TRUE(matches(".html,.htm,.css", "/a.css"));
    EXPECT_FALSE(matches(".html,.htm,.css", "/a.js"));
    EXPECT_TRUE(matches("^/b$,^/a$", "/a"));
}

TEST(PatternList, EmptyThingsNeverMatch) {
    for (const char* list : {"", ",", ",,", "^", "$", "^$", "^,$"}) {
        EXPECT_FALSE(matches(list, "/a")) << list;
        EXPECT_FALSE(matches(list, "")) << list;
    }
    EXPECT_FALSE(matches("signin.html,.css,.js,", "/secret"));
    EXPECT_FALSE(matches(",.css", "/secret"));
    EXPECT_TRUE(matches(",.css", "/a.css"));
    EXPECT_FALSE(matches("a", ""));
}

TEST(PatternList, AnchorsElsewhereAndSpacesAreThemselves) {
    EXPECT_TRUE(matches("a^b", "/a^b"));
    EXPECT_FALSE(matches("a^b", "/ab"));
    EXPECT_TRUE(matches("a$b", "/a$bc"));
    EXPECT_TRUE(matches("^^a", "^a"));
    EXPECT_TRUE(matches("a$$", "/a$"));
    EXPECT_TRUE(matches("a, b", "/x b"));
    EXPECT_FALSE(matches("a, b", "/xb"));
}

TEST(PatternList, CaseCountsUnlessToldOtherwise) {
    EXPECT_FALSE(matches(".html", "/A.HTML"));
    EXPECT_EQ(rest_of(".html", "/A.HTML", Case::Insensitive), "");
    EXPECT_EQ(rest_of(".HTML$", "/a.html", Case::Insensitive), "");
    EXPECT_EQ(rest_of("^/CGI/*", "/cgi/Rest", Case::Insensitive), "Rest");
    EXPECT_EQ(rest_of("^/CGI/*", "/cgj/Rest", Case::Insensitive), kNoMatch);
    EXPECT_EQ(rest_of(".HTML$", "/html", Case::Insensitive), kNoMatch);
    EXPECT_EQ(rest_of("[", "{", Case::Insensitive), kNoMatch);  // only letters have a case
}

/// The definition, tried at every place: exponential, for small inputs only.
bool matches_by_definition(std::string_view pattern, std::string_view text, bool floating) {
    if (pattern.starts_with('*')) return matches_by_definition(pattern.substr(1), text, true);
    if (floating) {
        for (size_t at = 0; at <= text.size(); ++at) {
            if (matches_by_definition(pattern, text.substr(at), false)) return true;
        }
        return false;
    }
    if (pattern.empty()) return true;
    if (pattern == "$") return text.empty();
    return !text.empty() && pattern[0] == text[0] &&
           matches_by_definition(pattern.substr(1), text.substr(1), false);
}

TEST(PatternList, AgreesWithTheDefinitionOnAllSmallInputs) {
    std::vector<std::string> texts{""}, pieces{""};
    for (size_t i = 0; i < texts.size() && texts[i].size() < 5; ++i) {
        for (char c : {'a', 'b'})
            texts.push_back(texts[i] + c);
    }
    for (size_t i = 0; i < pieces.size() && pieces[i].size() < 4; ++i) {
        for (char c : {'a', 'b', '*'})
            pieces.push_back(pieces[i] + c);
    }
    size_t matched = 0;
    for (const std::string& piece : pieces) {
        if (piece.empty()) continue;
        for (const char* start : {"", "^"}) {
            for (const char* end : {"", "$"}) {
                const std::string pattern = start + piece + end;
                for (const std::string& text : texts) {
                    const bool expected = matches_by_definition(piece + end, text, *start == '\0');
                    ASSERT_EQ(matches(pattern, text), expected) << pattern << " on " << text;
                    matched += expected;
                }
            }
        }
    }
    EXPECT_GT(matched, 1000u);
}

TEST(PatternList, NeedsNoBacktrackingOnHostileText) {
    // Twenty floating pieces on a megabyte that almost fits: n^20 steps for a backtracking engine.
    std::string pattern;
    for (int i = 0; i < 20; ++i)
        pattern += "*aaaaaaab";
    const std::string text(1 << 20, 'a');
    EXPECT_FALSE(matches(pattern, text));
    EXPECT_FALSE(matches(pattern + "$", text));
    std::string almost;
    while (almost.size() < text.size())
        almost += "aaaaaaab";
    EXPECT_TRUE(matches(pattern, almost));
    EXPECT_FALSE(matches(pattern + "*c", almost));
    EXPECT_FALSE(match_pattern_list(pattern + "*c", almost, Case::Insensitive).matched);
}

bool permits(std::string_view allow, std::string_view deny, std::string_view path, bool deny_last = false) {
    return AccessRule{allow, deny, deny_last}.permits(path);
}

TEST(AccessRule, NothingConfiguredPermitsEverything) {
    EXPECT_TRUE(permits("", "", "/a"));
    EXPECT_TRUE(permits("", "", "/a", true));
}

TEST(AccessRule, AllowAloneRefusesTheRest) {
    EXPECT_TRUE(permits(".html", "", "/a.html"));
    EXPECT_FALSE(permits(".html", "", "/a.key"));
    EXPECT_FALSE(permits(".html", "", "/a.key", true));
    EXPECT_FALSE(permits(".html", ",", "/a.key"));
    EXPECT_FALSE(permits(",", "", "/a.key"));
}

TEST(AccessRule, DenyAlonePermitsTheRest) {
    for (const bool deny_last : {false, true}) {
        EXPECT_FALSE(permits("", ".php", "/a.php", deny_last));
        EXPECT_FALSE(permits("", ".php", "/a.b.php", deny_last));
        EXPECT_TRUE(permits("", ".php", "/a.html", deny_last));
        EXPECT_FALSE(permits("", "*", "/a.html", deny_last));
        EXPECT_FALSE(permits("", ".php,*", "/a.html", deny_last));
    }
}

TEST(AccessRule, BareStarInDenyStandsBehindAllow) {
    for (const bool deny_last : {false, true}) {
        EXPECT_TRUE(permits("stream", "*", "/stream", deny_last));
        EXPECT_TRUE(permits("stream", "*", "/my/streamer", deny_last));
        EXPECT_FALSE(permits("stream", "*", "/other", deny_last));
    }
    EXPECT_FALSE(permits("stream", "stream,*", "/stream"));
    EXPECT_TRUE(permits("stream", "stream,*", "/stream", true));
    // Only the bare star: one with anything around it is a pattern like others.
    EXPECT_FALSE(permits("stream", "^*", "/stream"));
}

TEST(AccessRule, DenylastTurnsTheFirstTwoQuestionsAround) {
    EXPECT_FALSE(permits(".html", "secret", "/secret.html"));
    EXPECT_TRUE(permits(".html", "secret", "/secret.html", true));
    EXPECT_FALSE(permits(".html", "secret", "/secret.txt", true));
    EXPECT_TRUE(permits(".html", "secret", "/other.txt"));
    EXPECT_TRUE(permits(".html", "secret", "/other.txt", true));
}

TEST(AccessRule, ShippedListsDoWhatTheirAuthorsMeant) {
    constexpr std::string_view kAllow = ".html,.htm,.css,.js,.txt,*";
    constexpr std::string_view kDeny = "^.htaccess,.php";
    EXPECT_TRUE(permits(kAllow, kDeny, "/index.html"));
    EXPECT_TRUE(permits(kAllow, kDeny, "/picture.png"));
    EXPECT_TRUE(permits(kAllow, kDeny, "/"));
    EXPECT_FALSE(permits(kAllow, kDeny, "/index.php"));
    EXPECT_FALSE(permits(kAllow, kDeny, "/a.b.php"));
    EXPECT_FALSE(permits(kAllow, kDeny, ".htaccess"));
    // The text begins with '/', so this pattern of theirs misses what it names, here as there.
    EXPECT_TRUE(permits(kAllow, kDeny, "/.htaccess"));
    EXPECT_FALSE(permits("", "^.htaccess,.php", "/a.php"));
    EXPECT_TRUE(permits("", "^.htaccess,.php", "/a.html"));

    EXPECT_TRUE(permits("signin.html,.css,.js,", ".htaccess,.php", "/signin.html"));
    EXPECT_FALSE(permits("signin.html,.css,.js,", ".htaccess,.php", "/.htaccess"));
    EXPECT_TRUE(permits("signin.html,.css,.js,", ".htaccess,.php", "/other.html"));

    EXPECT_TRUE(permits(".py*", "", "/a.py/info", true));
    EXPECT_FALSE(permits(".py*", "", "/a.txt", true));
    EXPECT_TRUE(permits("*", "", "/echo", true));
    EXPECT_TRUE(permits("*", "", "/echo"));
    EXPECT_TRUE(permits("ouiweb.json", "*", "/ouiweb.json"));
    EXPECT_FALSE(permits("ouiweb.json", "*", "/other.json"));
    EXPECT_TRUE(permits(".cgi,.sh,.json", "^.htaccess", "/test.cgi"));
}

TEST(ServerPath, IsMatchedOrSpelledOut) {
    struct Row {
        const char* list;
        const char* path;  // what the server "/echo" is asked for
        bool matched;
    };
    for (const Row& row :
         {Row{"^/echo", "/echo/x", true}, Row{"^/ec*", "/echo/x", true}, Row{"*", "/echo/x", true},
          Row{"^/echo/room", "/echo/room1", true}, Row{"^/echo/*", "/echo/x", true},
          Row{"/echo/x$", "/echo/x", true}, Row{"^/other,^/echo/x", "/echo/x", true},
          Row{".css", "/echo/x.css", false}, Row{".css$", "/echo/x.css", false},
          Row{"*.css", "/echo/x.css", false}, Row{"^/*.css", "/echo/x.css", false},
          Row{"^/echo2/*,.css", "/echo/x.css", false}, Row{"^/echo/room", "/echo/x", false},
          Row{"^/echo$", "/echo/x", true}, Row{"", "/echo/x", false}})
        EXPECT_EQ(row.matched, match_server_path(row.list, "/echo", row.path)) << row.list << " " << row.path;
    // A subprotocol's name has nothing to do with the path.
    EXPECT_FALSE(match_server_path("^/open/*", "/echo", "/open/x"));
    EXPECT_TRUE(match_server_path("^/open/*,^/echo", "/echo", "/open/x"));
}

}  // namespace
}  // namespace marmoset
