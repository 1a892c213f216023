// faulty: a module for tests that fails where its group says. In: `create` and `start`, each one of good,
// error, crash, hang. Out: that, and nothing for requests.
#include <unistd.h>

#include <array>
#include <csignal>
#include <memory>
#include <string>

#include "module/adapter.h"

namespace marmoset::faulty {

Result<void> behave(const std::string& how) {
    if (how == "error") return Error{"told to fail"};
    if (how == "crash") ::raise(SIGKILL);
    while (how == "hang")
        pause();
    return {};
}

class Faulty {
  public:
    static constexpr const char* kName = "faulty";
    static constexpr const char* kHelp = "fails where it is told to";
    static constexpr module::Phase kPhase = module::Phase::Content;
    static constexpr uint8_t kOrder = 1;
    static constexpr std::array kKeys = {
        config::Key{.name = "create",
                    .type = config::Type::String,
                    .default_text = "good",
                    .help = "What reading the group does.",
                    .choices = "good|error|crash|hang"},
        config::Key{.name = "start",
                    .type = config::Type::String,
                    .default_text = "good",
                    .help = "What a worker's start does.",
                    .choices = "good|error|crash|hang"},
    };

    static Result<std::unique_ptr<Faulty>> create(const module::Context& context,
                                                  const config::Section& section) {
        if (!context.check_only) {
            const auto behaved = behave(std::string(section.string("create")));
            if (!behaved) return section.error("create", behaved.error().text);
        }
        auto faulty = std::make_unique<Faulty>();
        faulty->start_ = section.string("start");
        return faulty;
    }

    Result<void> start(module::Worker& /*worker*/) { return behave(start_); }

  private:
    std::string start_;
};

}  // namespace marmoset::faulty

using FaultyModule = marmoset::faulty::Faulty;
MARMOSET_MODULE(FaultyModule, faulty)
