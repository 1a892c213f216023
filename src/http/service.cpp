#include "http/service.h"

#include "http/date.h"

namespace marmoset::http {

std::string_view Service::common_fields() {
    const int64_t now = loop.wall_seconds();
    if (now != common_second_) {
        common_second_ = now;
        char date[kDateSize];
        format_date(now, date);
        common_fields_.clear();
        if (!server_name.empty()) common_fields_.append("Server: ").append(server_name).append("\r\n");
        common_fields_.append("Date: ").append(date, kDateSize).append("\r\n").append(static_fields);
    }
    return common_fields_;
}

}  // namespace marmoset::http
