#include "libwebsocket/topics.h"

#include <algorithm>

#include "link/record.h"

namespace marmoset::libwebsocket {

Topic* Topics::find(std::string_view name) {
    const auto found = topics_.find(name);
    return found == topics_.end() ? nullptr : found->second.get();
}

Topic* Topics::join(std::string_view name) {
    Topic* topic = find(name);
    if (!topic) {
        auto created = std::make_unique<Topic>(Topic{std::string(name)});
        topic = created.get();
        topics_.emplace(topic->name, std::move(created));
    }
    ++topic->subscribers;
    return topic;
}

void Topics::leave(Topic* topic) {
    if (--topic->subscribers != 0) return;
    topics_.erase(topics_.find(topic->name));  // by iterator: the key dies with the topic
}

Subscriptions::Join Subscriptions::join(Topics& topics, std::string_view name) {
    if (name.empty() || name.size() > link::kMaxTopic) return Join::BadName;
    if (contains(topics.find(name))) return Join::Already;
    if (topics_.size() >= link::kMaxTopicsPerClient) return Join::TooMany;
    topics_.push_back(topics.join(name));
    return Join::Done;
}

bool Subscriptions::leave(Topics& topics, std::string_view name) {
    const auto found = std::find(topics_.begin(), topics_.end(), topics.find(name));
    if (found == topics_.end()) return false;
    topics.leave(*found);
    *found = topics_.back();
    topics_.pop_back();
    return true;
}

void Subscriptions::leave_all(Topics& topics) {
    for (Topic* topic : topics_)
        topics.leave(topic);
    topics_.clear();
}

bool Subscriptions::contains(const Topic* topic) const {
    return topic && std::find(topics_.begin(), topics_.end(), topic) != topics_.end();
}

const char* describe(Subscriptions::Join result) {
    switch (result) {
        case Subscriptions::Join::TooMany:
            return "the client has joined 1,024 topics already";
        case Subscriptions::Join::BadName:
            return "a topic has 1 to 255 bytes";
        case Subscriptions::Join::Done:
        case Subscriptions::Join::Already:
            break;
    }
    return nullptr;
}

}  // namespace marmoset::libwebsocket
