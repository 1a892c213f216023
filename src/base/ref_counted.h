// Intrusive reference counting for objects shared inside one loop (one thread): a cached file and the
// connections still sending it, one encoded frame and its subscribers. Not atomic, on purpose.
#pragma once

#include <cstdint>
#include <utility>

namespace marmoset {

class RefCounted {
  public:
    RefCounted() = default;
    RefCounted(const RefCounted&) = delete;
    RefCounted& operator=(const RefCounted&) = delete;

    void retain() { ++references_; }
    void release() {
        if (--references_ == 0) delete this;
    }
    /// Whether others than the one who asks hold a reference.
    bool shared() const { return references_ > 1; }

  protected:
    virtual ~RefCounted() = default;

  private:
    uint32_t references_ = 0;
};

/// Holds one reference to a T derived from RefCounted.
template <typename T>
class Ref {
  public:
    Ref() = default;
    Ref(T* object) : object_(object) {  // NOLINT: implicit on purpose
        if (object_) object_->retain();
    }
    Ref(const Ref& other) : Ref(other.object_) {}
    Ref(Ref&& other) noexcept : object_(std::exchange(other.object_, nullptr)) {}
    template <typename U>
    Ref(const Ref<U>& other) : Ref(static_cast<T*>(other.get())) {}  // NOLINT: implicit upcast
    Ref& operator=(Ref other) noexcept {
        std::swap(object_, other.object_);
        return *this;
    }
    ~Ref() {
        if (object_) object_->release();
    }

    T* get() const { return object_; }
    T* operator->() const { return object_; }
    T& operator*() const { return *object_; }
    explicit operator bool() const { return object_ != nullptr; }

  private:
    T* object_ = nullptr;
};

}  // namespace marmoset
