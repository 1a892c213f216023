// Clients of one link by id. The gateway chooses ids and reuses them, so small ones index a vector; others
// are hashed.
#pragma once

#include <algorithm>
#include <cstdint>
#include <unordered_map>
#include <vector>

namespace marmoset::libwebsocket {

class LinkClient;

/// Holds no clients, only where they are.
class ClientTable {
  public:
    /// The client with this id, nullptr: there is none now.
    LinkClient* find(uint32_t id) const {
        const uintptr_t value = id < dense_.size() ? dense_[id] : find_sparse(id);
        return value > kAwaiting ? reinterpret_cast<LinkClient*>(value) : nullptr;
    }
    /// We have sent our final record for this id, the gateway's is still to come: the id is not free.
    bool awaiting(uint32_t id) const {
        return (id < dense_.size() ? dense_[id] : find_sparse(id)) == kAwaiting;
    }
    /// True for an id that has been opened on this link. Remembering every id would grow without bound, so an
    /// id that is no higher than the highest one opened counts as opened: its records are taken for late
    /// ones.
    bool was_opened(uint32_t id) const { return id <= highest_; }

    void insert(uint32_t id, LinkClient* client) {
        if (id > highest_) highest_ = id;
        set(id, reinterpret_cast<uintptr_t>(client));
    }
    void set_awaiting(uint32_t id) {
        if (id > highest_) highest_ = id;
        set(id, kAwaiting);
    }
    void release(uint32_t id) { set(id, kFree); }

    /// All clients, as of now.
    std::vector<LinkClient*> clients() const {
        std::vector<LinkClient*> result;
        const auto add = [&result](uintptr_t value) {
            if (value > kAwaiting) result.push_back(reinterpret_cast<LinkClient*>(value));
        };
        for (const uintptr_t value : dense_)
            add(value);
        for (const auto& [id, value] : sparse_)
            add(value);
        return result;
    }

  private:
    static constexpr uint32_t kDenseIds = 65536;
    static constexpr uintptr_t kFree = 0;
    static constexpr uintptr_t kAwaiting = 1;

    uintptr_t find_sparse(uint32_t id) const {
        const auto found = sparse_.find(id);
        return found == sparse_.end() ? kFree : found->second;
    }
    void set(uint32_t id, uintptr_t value) {
        if (id < kDenseIds) {
            if (id >= dense_.size())
                dense_.resize(std::min(size_t{id} + 1 + id / 2, size_t{kDenseIds}), kFree);
            dense_[id] = value;
        } else if (value == kFree) {
            sparse_.erase(id);
        } else {
            sparse_[id] = value;
        }
    }

    std::vector<uintptr_t> dense_;
    std::unordered_map<uint32_t, uintptr_t> sparse_;
    uint32_t highest_ = 0;
};

}  // namespace marmoset::libwebsocket
