// The statement stands one row ahead of what was given: so it is known whether there are more.
#include "pages.h"

#include <unordered_map>

namespace marmoset::sqlrpc {

using jsonrpc::Refusal;

std::vector<std::string> column_names(sqlite3_stmt* statement) {
    std::vector<std::string> names;
    std::unordered_map<std::string, unsigned> seen;
    const int count = sqlite3_column_count(statement);
    for (int i = 0; i < count; ++i) {
        const char* const text = sqlite3_column_name(statement, i);
        std::string name = text ? text : "";
        const unsigned number = ++seen[name];
        if (number > 1) name += ":" + std::to_string(number);
        names.push_back(std::move(name));
    }
    return names;
}

Pages::Pages(Session& session, Statement statement, RowForm form)
    : session_(session), statement_(std::move(statement)), form_(form) {
    if (form_ == RowForm::Arrays) return;
    names_ = column_names(statement_.get());
    for (const std::string& name : names_)
        names_size_ += name.size();
}

bool Pages::step(Refusal& refusal) {
    const int code = sqlite3_step(statement_.get());
    if (code == SQLITE_ROW) return true;
    ended_ = true;
    if (code == SQLITE_DONE) return true;
    refusal = session_.failure(code);
    return false;
}

// To the row that is to be given next.
bool Pages::advance(Refusal& refusal) {
    if (started_) return true;
    started_ = true;
    for (uint64_t i = 0; i <= position_ && !ended_; ++i) {
        if (!step(refusal)) return false;
    }
    return true;
}

json_t* Pages::row() const {
    const int count = sqlite3_column_count(statement_.get());
    Json row(form_ == RowForm::Arrays ? json_array() : json_object());
    for (int i = 0; i < count; ++i) {
        json_t* const value = column_value(
            statement_.get(), i, form_ == RowForm::Arrays ? LargeIntegers::Marked : LargeIntegers::Numbers);
        const int added = form_ == RowForm::Arrays
                              ? json_array_append_new(row.get(), value)
                              : json_object_set_new(row.get(), names_[static_cast<size_t>(i)].c_str(), value);
        if (added != 0) return nullptr;
    }
    return json_incref(row.get());
}

bool Pages::read(json_t* page, const PageLimits& limits, Refusal& refusal) {
    if (!advance(refusal)) return false;
    uint64_t rows = 0, bytes = 0;
    while (!ended_ && rows < limits.rows) {
        uint64_t size = names_size_;
        const int count = sqlite3_column_count(statement_.get());
        for (int i = 0; i < count; ++i)
            size += column_size(statement_.get(), i);
        if (bytes + size > limits.bytes) {
            if (rows > 0) return true;
            refusal = {jsonrpc::kTooLarge, "a row is larger than an answer may be"};
            return false;
        }
        if (json_array_append_new(page, row()) != 0) {
            refusal = {jsonrpc::kTimeout, "the row took too much memory"};
            return false;
        }
        bytes += size;
        size_ += size;
        ++rows;
        ++position_;
        if (!step(refusal)) return false;
    }
    return true;
}

bool Pages::skip(uint64_t rows, Refusal& refusal) {
    if (!advance(refusal)) return false;
    for (uint64_t i = 0; i < rows && !ended_; ++i, ++position_) {
        if (!step(refusal)) return false;
    }
    return true;
}

void Pages::release() {
    sqlite3_reset(statement_.get());
    started_ = false;
}

}  // namespace marmoset::sqlrpc
