// skeleton: the module to copy when you write your own; README.md beside it goes through it line by line.
// In: GET or POST of one path. Out: GET: a fixed text; POST: the length of the body. Every response of the
// server tells how many requests its worker has seen.
#include <fmt/format.h>

#include <array>
#include <memory>
#include <string>

#include "log/logger.h"
#include "module/adapter.h"

namespace marmoset::skeleton {

class Skeleton final : private http::BodyReader {
  public:
    static constexpr const char* kName = "skeleton";
    static constexpr const char* kHelp = "answers one path with a text; the tutorial of writing modules";
    static constexpr module::Phase kPhase = module::Phase::Content;
    static constexpr uint8_t kOrder = 50;
    static constexpr std::array kKeys = {
        config::Key{.name = "path",
                    .type = config::Type::String,
                    .default_text = "/skeleton",
                    .help = "The path that is answered."},
        config::Key{.name = "text",
                    .type = config::Type::String,
                    .default_text = "Hello from the skeleton.",
                    .help = "What a GET is answered with."},
    };

    static Result<std::unique_ptr<Skeleton>> create(const module::Context& context,
                                                    const config::Section& section) {
        const std::string path(section.string("path"));
        if (!path.starts_with('/')) return section.error("path", "\"" + path + "\" does not begin with /");
        auto skeleton = std::make_unique<Skeleton>();
        skeleton->slot_ = context.slot;
        skeleton->path_ = path;
        skeleton->text_ = std::string(section.string("text")) + "\n";
        return skeleton;
    }

    Result<void> start(module::Worker& worker) {
        log::debug("skeleton: worker {} answers {}", worker.number, path_);
        return {};
    }

    http::Verdict on_request(http::Exchange& exchange) {
        ++requests_;
        if (exchange.request.path != path_) return http::Verdict::next();
        switch (exchange.request.method) {
            case http::Method::Get:
            case http::Method::Head:
                return exchange.respond(200, "text/plain; charset=utf-8", text_);
            case http::Method::Post:
                exchange.slot(slot_) = new Upload;
                return exchange.read_body(this) ? http::Verdict::wait() : http::Verdict::fail(411);
            default:
                exchange.response.add("Allow", "GET, HEAD, POST");
                return http::Verdict::fail(405);
        }
    }

    void on_response(http::Exchange& exchange) { exchange.response.add("X-Skeleton-Requests", requests_); }

    void on_done(http::Exchange& exchange, bool /*aborted*/) {
        delete static_cast<Upload*>(exchange.slot(slot_));
        exchange.slot(slot_) = nullptr;
    }

  private:
    /// What belongs to one request: lives in the exchange's slot, from on_request to on_done.
    struct Upload {
        uint64_t size = 0;
    };
    static constexpr uint64_t kLargestUpload = 64 * 1024;

    http::Verdict on_body(http::Exchange& exchange, Bytes piece) override {
        auto& upload = *static_cast<Upload*>(exchange.slot(slot_));
        upload.size += piece.size();
        // RFC 9110 15.5.14. Any verdict but Wait ends the reading.
        return upload.size > kLargestUpload ? http::Verdict::fail(413) : http::Verdict::wait();
    }

    http::Verdict on_body_end(http::Exchange& exchange) override {
        const auto& upload = *static_cast<Upload*>(exchange.slot(slot_));
        return exchange.respond(200, "text/plain; charset=utf-8", fmt::format("{} bytes\n", upload.size));
    }

    unsigned slot_ = 0;
    std::string path_;
    std::string text_;
    uint64_t requests_ = 0;
};

}  // namespace marmoset::skeleton

using SkeletonModule = marmoset::skeleton::Skeleton;
MARMOSET_MODULE(SkeletonModule, skeleton)
