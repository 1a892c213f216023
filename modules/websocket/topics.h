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
    /// Its subscribers; nullptr: nobody.
    const std::vector<LinkClient*>* subscribers(std::string_view topic) const;

  private:
    struct Hash {
        using is_transparent = void;
        size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
    };
    struct Topic {
        std::vector<LinkClient*> clients;
        const std::string* name = nullptr;  // the key in by_name_; null: the index is free
    };
    void remove(LinkClient& client, uint32_t index);

    std::unordered_map<std::string, uint32_t, Hash, std::equal_to<>> by_name_;
    std::vector<Topic> topics_;
    std::vector<uint32_t> free_;
};

}  // namespace marmoset::websocket_module
