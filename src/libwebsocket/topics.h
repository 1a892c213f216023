// Topics that clients of one link (or of the stream server) have joined, with the number of subscribers: a
// PUBLISH goes only where there is somebody to hear it.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace marmoset::libwebsocket {

struct Topic {
    std::string name;
    uint32_t subscribers = 0;
};

class Topics {
  public:
    Topics() = default;
    Topics(const Topics&) = delete;
    Topics& operator=(const Topics&) = delete;

    /// The topic, if anybody has joined it.
    Topic* find(std::string_view name);
    /// One more subscriber. The topic stays where it is until its last one leaves.
    Topic* join(std::string_view name);
    void leave(Topic* topic);

  private:
    // Keys are views of the topics' own names.
    std::unordered_map<std::string_view, std::unique_ptr<Topic>> topics_;
};

/// The topics of one client.
class Subscriptions {
  public:
    enum class Join { Done, Already, TooMany, BadName };

    Join join(Topics& topics, std::string_view name);
    /// False: it had not joined.
    bool leave(Topics& topics, std::string_view name);
    void leave_all(Topics& topics);
    bool contains(const Topic* topic) const;
    const std::vector<Topic*>& list() const { return topics_; }

  private:
    std::vector<Topic*> topics_;
};

/// Why a join was refused, for the log; nullptr when it was not.
const char* describe(Subscriptions::Join result);

}  // namespace marmoset::libwebsocket
