// Who has joined what: the topics of one link. JOIN and LEAVE are rare, PUBLISH is not: a topic is a list of
// clients.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace marmoset::websocket_module {

class LinkClient;

class Topics {
  public:
    /// False: the client has joined as many as it may (link::kMaxTopicsPerClient). Joining twice is the same
    /// as once.
    bool join(LinkClient& client, std::string_view topic);
    void leave(LinkClient& client, std::string_view topic);
    /// The client is gone.
    void leave_all(LinkClient& client);
    size_t subscribers(std::string_view topic) const {
        const auto entry = by_name_.find(topic);
        return entry == by_name_.end() ? 0 : topics_[entry->second].clients.size();
    }
    /// Calls visit(LinkClient&) for each subscriber. Who leaves meanwhile is not visited any more, and nobody
    /// is visited twice. Not for a topic that is being walked.
    template <typename Visit>
    void for_each(std::string_view topic, Visit visit) {
        const auto entry = by_name_.find(topic);
        if (entry == by_name_.end()) return;
        const uint32_t index = entry->second;
        topics_[index].walked = true;
        for (size_t i = 0; i < topics_[index].clients.size(); ++i) {
            if (LinkClient* client = topics_[index].clients[i]) visit(*client);
        }
        end_walk(index);
    }

  private:
    struct Hash {
        using is_transparent = void;
        size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
    };
    struct Topic {
        std::vector<LinkClient*> clients;
        const std::string* name = nullptr;  // the key in by_name_; null: the index is free
        bool walked = false;                // who leaves becomes null, so that the others keep their places
    };
    void remove(LinkClient& client, uint32_t index);
    void end_walk(uint32_t index);
    void drop_if_empty(uint32_t index);

    std::unordered_map<std::string, uint32_t, Hash, std::equal_to<>> by_name_;
    std::vector<Topic> topics_;
    std::vector<uint32_t> free_;
};

}  // namespace marmoset::websocket_module
