// What the module knows of one path: a file with its encodings, a folder, or nothing. In: what the loader
// found on disk. Out: the text and bytes that answers are made of.
#pragma once

#include <sys/stat.h>

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/file_descriptor.h"
#include "base/ref_counted.h"
#include "encoding.h"

namespace marmoset::document {

/// Tells whether a path still leads to the same, unchanged file. `changed_ns` is part of it because a chmod
/// must be noticed too.
struct FileIdentity {
    dev_t device = 0;
    ino_t inode = 0;
    uint64_t size = 0;
    int64_t modified_ns = 0;
    int64_t changed_ns = 0;

    FileIdentity() = default;
    explicit FileIdentity(const struct stat& status);
    bool exists() const { return inode != 0; }
    bool operator==(const FileIdentity&) const = default;
};

/// How the fields of all files of an instance are written.
struct FieldStyle {
    std::string cache_control;  ///< value of Cache-Control; empty: none is sent
    std::string charset;        ///< added to text types that name none; empty: not added
};

/// One representation (RFC 9110 3.2), open or in memory, with its header fields ready to send.
class File final : public RefCounted {
  public:
    /// Opened, nothing read yet. `now` (seconds): a Last-Modified is never later (RFC 9110 8.8.2.1).
    File(FileDescriptor descriptor, const FileIdentity& identity, Encoding encoding, int64_t now);

    /// Writes the fields. `type` is the media type of the identity encoding; `varies`: there are other
    /// encodings.
    void make_fields(std::string_view type, bool varies, const FieldStyle& style);
    /// Takes the whole content; the descriptor is closed.
    void keep_in_memory(std::unique_ptr<uint8_t[]> content);

    uint64_t size() const { return identity_.size; }
    Encoding encoding() const { return encoding_; }
    const FileIdentity& identity() const { return identity_; }
    const std::string& etag() const { return etag_; }
    int64_t last_modified() const { return last_modified_; }

    /// True: content() is valid; false: descriptor() is.
    bool in_memory() const { return memory_ != nullptr; }
    Bytes content() const { return {memory_.get(), identity_.size}; }
    int descriptor() const { return descriptor_.get(); }

    /// "Name: value\r\n" each. All of a 200; without Content-Type and Content-Encoding; those of a 304 (RFC
    /// 9110 15.4.5).
    std::string_view fields() const { return fields_; }
    std::string_view fields_without_type() const { return std::string_view(fields_).substr(type_end_); }
    std::string_view validator_fields() const { return std::string_view(fields_).substr(ranges_end_); }
    /// The Content-Type field alone, as each part of a multipart answer repeats it.
    std::string_view type_field() const { return std::string_view(fields_).substr(0, type_field_end_); }

  private:
    FileDescriptor descriptor_;
    std::unique_ptr<uint8_t[]> memory_;
    FileIdentity identity_;
    Encoding encoding_;
    int64_t last_modified_;
    std::string etag_;
    std::string fields_;
    size_t type_field_end_ = 0;
    size_t type_end_ = 0;
    size_t ranges_end_ = 0;
};

/// The result of a look at one path, good or bad. Lives in the cache's lists; answers in progress keep its
/// files alive.
class Resource final : public RefCounted {
  public:
    enum class Kind : uint8_t {
        File,       ///< files[Identity] is there, others may be
        Folder,     ///< the path lacks its final slash
        Missing,    ///< nothing to serve here
        Forbidden,  ///< a file this process may not read
        Failed,     ///< the system could not tell; `status` says how to answer. Never cached
    };
    Resource(Kind kind, std::string path) : kind(kind), path(std::move(path)) {}

    const Kind kind;
    const std::string path;  ///< of the request: the key
    uint16_t status = 404;   ///< of Failed
    std::array<Ref<File>, kEncodings> files;
    EncodingSet encodings = 1;  ///< which of `files` are there
    std::string file_path;      ///< of files[Identity]: differs from `path` for an index
    bool settled = true;        ///< false: written so recently that another write could look the same
    std::string note;           ///< for the log, worth a warning; empty: nothing

    /// Bytes of content it keeps in memory.
    size_t memory() const;

  private:
    friend class FileCache;
    uint64_t checked_at_ = 0;  // milliseconds of the loop: when the disk was last looked at
    Resource* newer_ = nullptr;
    Resource* older_ = nullptr;
};

}  // namespace marmoset::document
