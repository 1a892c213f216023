// document: files of a folder. In: requests. Out: files, redirects to folders, refusals; what is not there is
// the next module's, and 404 in the end.
//
// A path that was looked at lately is answered within the callback, without a system call. Others wait for
// the thread pool; so do large files that are not in the page cache.
#include <fcntl.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <vector>

#include "answer.h"
#include "file_cache.h"
#include "location.h"
#include "log/logger.h"
#include "module/adapter.h"
#include "settings.h"

namespace marmoset::document {

namespace {

// Read with a wait, so that the first write finds it; behind it the kernel reads ahead while the socket takes
// what is there.
constexpr uint64_t kReadFirst = 256 * 1024;
constexpr uint64_t kReadAhead = 4 << 20;

/// True if reading there would wait for the disk. Where the kernel can't tell (a file system without it),
/// false.
bool is_cold(const FileBody& body) {
    char byte = 0;
    const iovec into{&byte, 1};
    return ::preadv2(body.file->descriptor(), &into, 1, static_cast<off_t>(body.offset), RWF_NOWAIT) < 0 &&
           errno == EAGAIN;
}

/// Brings the beginning of the body into the page cache. In the thread pool; errors show when the body is
/// sent.
void read_ahead(int fd, uint64_t offset, uint64_t size) {
    ::posix_fadvise(fd, static_cast<off_t>(offset), static_cast<off_t>(std::min(size, kReadAhead)),
                    POSIX_FADV_WILLNEED);
    std::vector<char> scratch(std::min(size, kReadFirst));
    [[maybe_unused]] const ssize_t count =
        ::pread(fd, scratch.data(), scratch.size(), static_cast<off_t>(offset));
}

}  // namespace

class Document final : private LoadObserver {
  public:
    static constexpr const char* kName = "document";
    static constexpr const char* kHelp = "answers with the files of a folder";
    static constexpr module::Phase kPhase = module::Phase::Content;
    static constexpr uint8_t kOrder =
        200;  // the last to be asked: every other content module names its paths
    static constexpr const auto& kKeys = document::kKeys;

    static Result<std::unique_ptr<Document>> create(const module::Context& context,
                                                    const config::Section& section) {
        auto settings = Settings::read(context, section);
        if (!settings) return settings.error();
        return std::unique_ptr<Document>(new Document(settings.take()));
    }

    Result<void> start(module::Worker& worker) {
        worker_ = &worker;
        LoadObserver& observer = *this;
        cache_ = std::make_unique<FileCache>(worker.loop, loader_, limits_, observer);
        return {};
    }

    http::Verdict on_request(http::Exchange& exchange) {
        const std::string& path = exchange.request.path;
        // What is in the cache has passed the rules below.
        if (const Resource* known = cache_->find(path)) return serve(exchange, *known);
        if (!path.starts_with('/')) return http::Verdict::next();  // OPTIONS *
        if (!loader_->settings().access.permits(path)) {
            // A further document group may have it: 403 only if nobody takes it.
            exchange.response.status = 403;
            return http::Verdict::next();
        }
        cache_->load(path, exchange.id());
        return http::Verdict::wait();
    }

  private:
    explicit Document(Settings settings)
        : docroot_(std::move(settings.docroot)),
          limits_(settings.cache),
          loader_(std::make_shared<const Loader>(std::move(settings.loader))) {}

    void on_loaded(http::ExchangeId waiter, Resource& resource) override {
        report(resource);
        http::Exchange* const exchange = worker_->exchanges.find(waiter);
        if (!exchange) return;  // the client has gone
        const http::Verdict verdict = serve(*exchange, resource);
        if (verdict.kind != http::Verdict::Wait) exchange->resume(verdict);
    }

    http::Verdict serve(http::Exchange& exchange, const Resource& resource) {
        switch (resource.kind) {
            case Resource::Kind::Missing:
                return http::Verdict::next();
            case Resource::Kind::Forbidden:
            case Resource::Kind::Failed:
                return http::Verdict::fail(resource.status);
            case Resource::Kind::Folder:
            case Resource::Kind::File:
                break;
        }
        const http::Request& request = exchange.request;
        if (request.method != http::Method::Get && request.method != http::Method::Head) {
            exchange.response.add("Allow", kAllowedMethods);
            return request.method == http::Method::Options ? exchange.respond(204) : http::Verdict::fail(405);
        }
        if (resource.kind == Resource::Kind::Folder) {
            exchange.response.add(
                "Location", folder_location(request.path, request.target.has_query, request.target.query));
            return exchange.respond(301);
        }
        FileBody body;
        const http::Verdict verdict = answer_file(exchange, resource, worker_->loop.wall_seconds(), body);
        return body.file && is_cold(body) ? wait_for_disk(exchange, body) : verdict;
    }

    /// The response is complete; only its sending waits until its first bytes are in memory.
    http::Verdict wait_for_disk(http::Exchange& exchange, const FileBody& body) {
        worker_->loop.run_blocking(
            [fd = body.file->descriptor(), offset = body.offset, size = body.size] {
                read_ahead(fd, offset, size);
            },
            // The file stays open as long as the pool may read it, whatever becomes of the exchange.
            [this, id = exchange.id(), file = Ref<File>(body.file)] {
                if (http::Exchange* const waiting = worker_->exchanges.find(id))
                    waiting->resume(http::Verdict::done());
            });
        return http::Verdict::wait();
    }

    void report(Resource& resource) {
        if (resource.note.empty()) return;
        static log::RateLimit limit;
        if (limit.permit(worker_->loop.now())) {
            log::warning("document {}: {}{}", docroot_, resource.note, limit.suffix());
        }
        resource.note.clear();
    }

    std::string docroot_;
    FileCache::Limits limits_;
    std::shared_ptr<const Loader> loader_;
    module::Worker* worker_ = nullptr;  // outlives this
    std::unique_ptr<FileCache> cache_;
};

}  // namespace marmoset::document

using DocumentModule = marmoset::document::Document;
MARMOSET_MODULE(DocumentModule, document)
