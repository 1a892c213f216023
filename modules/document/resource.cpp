// Identity, entity tag and header text of a file. In: its status. Out: fields as they are sent.
#include "resource.h"

#include <fmt/format.h>

#include <algorithm>

#include "http/date.h"

namespace marmoset::document {

namespace {

constexpr int64_t kSecond = 1'000'000'000;

int64_t nanoseconds(const timespec& time) {
    return static_cast<int64_t>(time.tv_sec) * kSecond + time.tv_nsec;
}

int64_t seconds_of(int64_t nanoseconds) {
    return nanoseconds >= 0 ? nanoseconds / kSecond : -((-nanoseconds + kSecond - 1) / kSecond);
}

}  // namespace

FileIdentity::FileIdentity(const struct stat& status)
    : device(status.st_dev),
      inode(status.st_ino),
      size(static_cast<uint64_t>(status.st_size)),
      modified_ns(nanoseconds(status.st_mtim)),
      changed_ns(nanoseconds(status.st_ctim)) {}

File::File(FileDescriptor descriptor, const FileIdentity& identity, Encoding encoding, int64_t now)
    : descriptor_(std::move(descriptor)),
      identity_(identity),
      encoding_(encoding),
      last_modified_(std::min(seconds_of(identity.modified_ns), now)),
      // No inode in it: machines that serve copies of one tree must agree. RFC 9110 8.8.3: every encoding has
      // its own.
      etag_(fmt::format("\"{:x}-{:x}{}\"", static_cast<uint64_t>(identity.modified_ns), identity.size,
                        encoding == Encoding::Identity ? ""
                        : encoding == Encoding::Brotli ? "-br"
                                                       : "-gz")) {}

void File::make_fields(std::string_view type, bool varies, const FieldStyle& style) {
    fields_ = fmt::format("Content-Type: {}", type);
    if (!style.charset.empty() && type.starts_with("text/") && type.find(';') == std::string_view::npos) {
        fields_.append("; charset=").append(style.charset);
    }
    fields_ += "\r\n";
    type_field_end_ = fields_.size();
    if (encoding_ != Encoding::Identity) {
        fields_.append("Content-Encoding: ").append(coding_name(encoding_)).append("\r\n");
    }
    type_end_ = fields_.size();
    fields_ += "Accept-Ranges: bytes\r\n";
    ranges_end_ = fields_.size();
    char date[http::kDateSize];
    http::format_date(last_modified_, date);
    fields_ += fmt::format("ETag: {}\r\nLast-Modified: {}\r\n", etag_, std::string_view(date, sizeof date));
    if (!style.cache_control.empty()) fields_ += fmt::format("Cache-Control: {}\r\n", style.cache_control);
    if (varies) fields_ += "Vary: Accept-Encoding\r\n";
}

void File::keep_in_memory(std::unique_ptr<uint8_t[]> content) {
    memory_ = std::move(content);
    descriptor_.reset();
}

size_t Resource::memory() const {
    size_t bytes = 0;
    for (const Ref<File>& file : files) {
        if (file && file->in_memory()) bytes += file->size();
    }
    return bytes;
}

}  // namespace marmoset::document
