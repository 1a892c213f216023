// Rows of a running statement in pieces that an answer can hold. In: a compiled statement with its values.
// Out: rows as JSON, until they are too many, or too large.
#pragma once

#include <jansson.h>

#include <cstdint>
#include <string>
#include <vector>

#include "session.h"
#include "values.h"

namespace marmoset::sqlrpc {

struct PageLimits {
    uint64_t rows = 0;
    uint64_t bytes = 0;  ///< of values
};

enum class RowForm : uint8_t {
    Arrays,  ///< [value, …], large integers marked
    Objects  ///< {name: value, …}, as ouistiti's rows
};

/// Names of the columns: a second one of the same name becomes «name:2».
std::vector<std::string> column_names(sqlite3_stmt* statement);

class Pages {
  public:
    Pages(Session& session, Statement statement, RowForm form);

    /// Appends rows to `page`, an array: at most `limits`, those there are already not counted. False:
    /// `refusal` says why it failed; the statement is of no use any more.
    bool read(json_t* page, const PageLimits& limits, jsonrpc::Refusal& refusal);
    /// Leaves out rows.
    bool skip(uint64_t rows, jsonrpc::Refusal& refusal);
    /// Bytes of values that read() has given.
    uint64_t size() const { return size_; }
    /// Whether read() would give more.
    bool has_more() const { return !ended_; }

    /// Lets go of the database between two calls: the next read() runs the statement anew, up to where it
    /// was.
    void release();

    sqlite3_stmt* statement() const { return statement_.get(); }

  private:
    bool step(jsonrpc::Refusal& refusal);
    bool advance(jsonrpc::Refusal& refusal);
    json_t* row() const;

    Session& session_;
    Statement statement_;
    const RowForm form_;
    std::vector<std::string> names_;
    uint64_t names_size_ = 0;  // bytes
    uint64_t position_ = 0;    // of the current row
    uint64_t size_ = 0;
    bool started_ = false;
    bool ended_ = false;
};

}  // namespace marmoset::sqlrpc
