// Dates of HTTP by arithmetic on the Gregorian calendar: no time zone, no locale, no library state.
#include "http/date.h"

#include <algorithm>
#include <cstring>

namespace marmoset::http {

namespace {

constexpr std::string_view kDays = "SunMonTueWedThuFriSat";
constexpr std::string_view kMonths = "JanFebMarAprMayJunJulAugSepOctNovDec";
constexpr std::string_view kLongDays[] = {"Sunday",   "Monday", "Tuesday", "Wednesday",
                                          "Thursday", "Friday", "Saturday"};
constexpr int64_t kDay = 86400;
constexpr int64_t kYearZero = -62167219200;    // 0000-01-01 00:00:00
constexpr int64_t kLastSecond = 253402300799;  // 9999-12-31 23:59:59, the last that four digits can tell
constexpr int64_t kDaysTo1970 = 719468;        // from 0000-03-01
constexpr int64_t kDaysOf400Years = 146097;

struct Calendar {
    int64_t year = 0;
    unsigned month = 1;  ///< 1-12
    unsigned day = 1;
};

// Years are counted from March, so that the leap day is the last of its year and month lengths follow one
// formula.

int64_t days_from_calendar(const Calendar& date) {
    const int64_t year = date.month > 2 ? date.year : date.year - 1;
    const int64_t era = (year >= 0 ? year : year - 399) / 400;
    const int64_t year_of_era = year - era * 400;
    const int64_t day_of_year = (153 * ((date.month + 9) % 12) + 2) / 5 + date.day - 1;
    return era * kDaysOf400Years + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year -
           kDaysTo1970;
}

Calendar calendar_from_days(int64_t days) {
    days += kDaysTo1970;
    const int64_t era = (days >= 0 ? days : days - kDaysOf400Years + 1) / kDaysOf400Years;
    const int64_t day_of_era = days - era * kDaysOf400Years;
    const int64_t year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    const int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    const int64_t shifted_month = (5 * day_of_year + 2) / 153;
    Calendar date;
    date.day = static_cast<unsigned>(day_of_year - (153 * shifted_month + 2) / 5 + 1);
    date.month = static_cast<unsigned>(shifted_month < 10 ? shifted_month + 3 : shifted_month - 9);
    date.year = era * 400 + year_of_era + (date.month <= 2 ? 1 : 0);
    return date;
}

bool is_in_calendar(const Calendar& date) {
    if (date.day == 0) return false;
    const Calendar back = calendar_from_days(days_from_calendar(date));
    return back.month == date.month && back.day == date.day;
}

/// Takes one thing after the other off the front of a date; once something does not fit, `failed` stays.
struct Scanner {
    std::string_view rest;
    bool failed = false;

    void expect(std::string_view text) {
        if (!rest.starts_with(text)) return fail();
        rest.remove_prefix(text.size());
    }
    unsigned digits(size_t count) {
        unsigned value = 0;
        for (size_t i = 0; i < count; ++i) {
            if (i >= rest.size() || rest[i] < '0' || rest[i] > '9') return fail(), 0;
            value = value * 10 + static_cast<unsigned>(rest[i] - '0');
        }
        rest.remove_prefix(count);
        return value;
    }
    /// Index of the three-letter name in `names`.
    unsigned name(std::string_view names) {
        for (size_t at = 0; at < names.size(); at += 3) {
            if (rest.starts_with(names.substr(at, 3))) {
                rest.remove_prefix(3);
                return static_cast<unsigned>(at / 3);
            }
        }
        return fail(), 0;
    }
    /// hour ":" minute ":" second; a leap second is legal (RFC 9110 5.6.7).
    int64_t time_of_day() {
        const unsigned hour = digits(2);
        expect(":");
        const unsigned minute = digits(2);
        expect(":");
        const unsigned second = digits(2);
        if (hour > 23 || minute > 59 || second > 60) fail();
        return hour * 3600 + minute * 60 + second;
    }
    void fail() { failed = true; }
};

int64_t to_seconds(const Calendar& date, int64_t time) {
    return days_from_calendar(date) * kDay + time;
}

}  // namespace

void format_date(int64_t seconds, char* out) {
    seconds = std::clamp(seconds, kYearZero, kLastSecond);
    const int64_t days = (seconds >= 0 ? seconds : seconds - kDay + 1) / kDay;
    const auto time = static_cast<unsigned>(seconds - days * kDay);
    const Calendar date = calendar_from_days(days);
    const auto week_day = static_cast<size_t>((days % 7 + 11) % 7);  // 1970-01-01 was a Thursday
    const auto year = static_cast<unsigned>(date.year);
    const auto put = [out](size_t at, unsigned value) {
        out[at] = static_cast<char>('0' + value / 10 % 10);
        out[at + 1] = static_cast<char>('0' + value % 10);
    };
    std::memcpy(out, "Day, dd Mon yyyy hh:mm:ss GMT", kDateSize);
    std::memcpy(out, kDays.data() + week_day * 3, 3);
    put(5, date.day);
    std::memcpy(out + 8, kMonths.data() + (date.month - 1) * 3, 3);
    put(12, year / 100);
    put(14, year % 100);
    put(17, time / 3600);
    put(20, time / 60 % 60);
    put(23, time % 60);
}

std::optional<int64_t> parse_date(std::string_view text, int64_t now) {
    Scanner scanner{text};
    Calendar date;
    int64_t time = 0;
    const auto comma = text.find(',');
    if (comma == 3) {  // IMF-fixdate: "Sun, 06 Nov 1994 08:49:37 GMT"
        scanner.name(kDays);
        scanner.expect(", ");
        date.day = scanner.digits(2);
        scanner.expect(" ");
        date.month = scanner.name(kMonths) + 1;
        scanner.expect(" ");
        date.year = scanner.digits(4);
        scanner.expect(" ");
        time = scanner.time_of_day();
        scanner.expect(" GMT");
    } else if (comma != std::string_view::npos) {  // RFC 850: "Sunday, 06-Nov-94 08:49:37 GMT"
        const std::string_view day = text.substr(0, comma);
        if (std::find(std::begin(kLongDays), std::end(kLongDays), day) == std::end(kLongDays)) scanner.fail();
        scanner.rest.remove_prefix(comma);
        scanner.expect(", ");
        date.day = scanner.digits(2);
        scanner.expect("-");
        date.month = scanner.name(kMonths) + 1;
        scanner.expect("-");
        const unsigned two_digits = scanner.digits(2);
        scanner.expect(" ");
        time = scanner.time_of_day();
        scanner.expect(" GMT");
        // RFC 9110 5.6.7: more than 50 years ahead means the most recent past year with the same two digits.
        // The first guess is a century ahead of `now`, for the years at the end of a century.
        now = std::clamp(now, kYearZero, kLastSecond);
        const int64_t year_now = calendar_from_days((now >= 0 ? now : now - kDay + 1) / kDay).year;
        date.year = year_now - year_now % 100 + 100 + two_digits;
        while (to_seconds({date.year - 50, date.month, date.day}, time) > now)
            date.year -= 100;
    } else {  // asctime: "Sun Nov  6 08:49:37 1994"
        scanner.name(kDays);
        scanner.expect(" ");
        date.month = scanner.name(kMonths) + 1;
        scanner.expect(" ");
        if (scanner.rest.starts_with(' ')) {
            scanner.expect(" ");
            date.day = scanner.digits(1);
        } else {
            date.day = scanner.digits(2);
        }
        scanner.expect(" ");
        time = scanner.time_of_day();
        scanner.expect(" ");
        date.year = scanner.digits(4);
    }
    if (scanner.failed || !scanner.rest.empty() || !is_in_calendar(date)) return std::nullopt;
    return to_seconds(date, time);
}

}  // namespace marmoset::http
