#include "topics.h"

#include <algorithm>

#include "link/record.h"
#include "link_client.h"

namespace marmoset::websocket_module {

bool Topics::join(LinkClient& client, std::string_view topic) {
    auto entry = by_name_.find(topic);
    if (!client.topics) client.topics = std::make_unique<std::vector<uint32_t>>();
    if (entry != by_name_.end() &&
        std::count(client.topics->begin(), client.topics->end(), entry->second) > 0)
        return true;
    if (client.topics->size() >= link::kMaxTopicsPerClient) return false;
    if (entry == by_name_.end()) {
        if (free_.empty()) {
            free_.push_back(static_cast<uint32_t>(topics_.size()));
            topics_.emplace_back();
        }
        entry = by_name_.emplace(std::string(topic), free_.back()).first;
        free_.pop_back();
        topics_[entry->second].name = &entry->first;
    }
    topics_[entry->second].clients.push_back(&client);
    client.topics->push_back(entry->second);
    return true;
}

void Topics::remove(LinkClient& client, uint32_t index) {
    Topic& topic = topics_[index];
    const auto place = std::find(topic.clients.begin(), topic.clients.end(), &client);
    if (topic.walked) {
        *place = nullptr;
        return;
    }
    *place = topic.clients.back();
    topic.clients.pop_back();
    drop_if_empty(index);
}

void Topics::end_walk(uint32_t index) {
    Topic& topic = topics_[index];
    topic.walked = false;
    std::erase(topic.clients, nullptr);
    drop_if_empty(index);
}

void Topics::drop_if_empty(uint32_t index) {
    Topic& topic = topics_[index];
    if (!topic.clients.empty()) return;
    by_name_.erase(by_name_.find(*topic.name));
    topic = {};
    free_.push_back(index);
}

void Topics::leave(LinkClient& client, std::string_view topic) {
    const auto entry = by_name_.find(topic);
    if (entry == by_name_.end() || !client.topics) return;
    const uint32_t index = entry->second;
    const auto joined = std::find(client.topics->begin(), client.topics->end(), index);
    if (joined == client.topics->end()) return;
    client.topics->erase(joined);
    remove(client, index);
}

void Topics::leave_all(LinkClient& client) {
    if (!client.topics) return;
    for (const uint32_t index : *client.topics)
        remove(client, index);
    client.topics.reset();
}

}  // namespace marmoset::websocket_module
