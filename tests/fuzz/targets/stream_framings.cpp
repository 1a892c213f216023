// What arrives on a STREAM connection and where it is cut into lines, records and messages. In: bytes. In
// pieces of any size the same lines and records have to come out as at once; of framing "bytes", where a read
// is a message, the same bytes.
#include <optional>
#include <vector>

#include "link/line_reader.h"
#include "link/record.h"
#include "link/record_stream.h"
#include "modules/websocket/message_cutter.h"
#include "tests/fuzz/support/fuzz.h"
#include "websocket/utf8.h"

namespace marmoset::fuzz {
namespace {

using link::LineReader;
using link::RecordStream;
using websocket_module::Dialect;
using websocket_module::MessageCutter;
using Chunks = std::vector<std::vector<uint8_t>>;

constexpr uint64_t kLongestLine = 20;

/// Lines by their ends, one after the other; nullopt behind them: the next one is too long, even if its end
/// is missing.
std::vector<std::optional<std::string>> expected_lines(std::string_view text, std::string& unfinished) {
    std::vector<std::optional<std::string>> lines;
    for (;;) {
        const size_t end = text.find('\n');
        std::string_view line = text.substr(0, end);
        const std::string_view content = line.ends_with('\r') ? line.substr(0, line.size() - 1) : line;
        // Without its end a line may be longer by one byte, which may turn out to be half of that.
        if (end == std::string_view::npos ? line.size() > kLongestLine + 1 : content.size() > kLongestLine) {
            lines.emplace_back(std::nullopt);
            return lines;
        }
        if (end == std::string_view::npos) {
            unfinished = line;
            return lines;
        }
        lines.emplace_back(content);
        text.remove_prefix(end + 1);
    }
}

void check_lines(std::string_view text, const Chunks& chunks) {
    std::string unfinished;
    const auto expected = expected_lines(text, unfinished);
    LineReader reader(kLongestLine);
    size_t count = 0;
    for (const auto& chunk : chunks) {
        reader.feed(chunk);
        for (;;) {
            Bytes line;
            const LineReader::Status status = reader.next(line);
            if (status == LineReader::Status::NeedMore) break;
            require(count < expected.size(), "no more lines than there are");
            if (status == LineReader::Status::TooLong) {
                require(!expected[count], "only a line that is too long is refused");
                require(reader.next(line) == LineReader::Status::TooLong, "and nothing follows it");
                return;
            }
            require(expected[count].has_value(), "a line that is too long is refused");
            require_equal(*expected[count++], as_text(line), "a line");
        }
        require(reader.untaken().empty(), "all bytes were taken");
    }
    require(count == expected.size(), "all lines that have come");
    require_equal(unfinished, as_text(reader.unfinished()), "the start of the last line");
}

/// The records of a stream as bytes, up to the first that is malformed; false then.
bool read_records(const Chunks& chunks, std::string& records) {
    RecordStream stream;
    for (const auto& chunk : chunks) {
        stream.feed(chunk);
        for (;;) {
            Bytes run;
            const RecordStream::Status status = stream.next(run);
            if (status == RecordStream::Status::NeedMore) break;
            if (status == RecordStream::Status::Malformed) {
                require(*stream.error() != '\0', "a malformed record is explained");
                return false;
            }
            require(!run.empty(), "a run holds records");
            link::RecordReader reader(run);
            link::Record record;
            link::RecordStatus one = link::RecordStatus::Ok;
            while ((one = reader.next(record)) == link::RecordStatus::Ok) {
                uint8_t header[link::kRecordHeader];
                link::encode_record_header(header, record.header);
                records.append(as_text(header)).append(as_text(record.payload));
            }
            if (one == link::RecordStatus::Malformed) return false;
        }
        require(stream.kept() <= link::kRecordHeader + link::kMaxRecordPayload,
                "no more than one record is kept");
    }
    return true;
}

/// All that comes out of a cutter, and whether every text that could be text is.
std::string cut_messages(const Chunks& chunks, Dialect dialect, std::vector<std::string>& messages) {
    MessageCutter cutter(dialect, kLongestLine);
    std::string all;
    const auto take = [&](const MessageCutter::Message& message) {
        require(!message.data.empty() || dialect.framing == Dialect::Framing::Lines,
                "no empty message of bytes");
        messages.emplace_back(as_text(message.data));
        all += as_text(message.data);
    };
    for (const auto& chunk : chunks) {
        cutter.feed(chunk);
        MessageCutter::Message message;
        MessageCutter::Status status;
        while ((status = cutter.next(message)) == MessageCutter::Status::Message)
            take(message);
        if (status == MessageCutter::Status::TooLong) return all + "<too long>";
    }
    MessageCutter::Message rest;
    if (cutter.end(rest) == MessageCutter::Status::Message) take(rest);
    return all;
}

void check_messages(std::string_view text, const Chunks& whole, const Chunks& pieces) {
    for (const auto framing : {Dialect::Framing::Bytes, Dialect::Framing::Lines}) {
        for (const auto type : {Dialect::Type::Text, Dialect::Type::Binary, Dialect::Type::Auto}) {
            const Dialect dialect{framing, type};
            std::vector<std::string> at_once, cut;
            const std::string one = cut_messages(whole, dialect, at_once);
            const std::string other = cut_messages(pieces, dialect, cut);
            require_equal(one, other, "the bytes of all messages");
            if (framing == Dialect::Framing::Lines) {
                require(at_once == cut, "the same lines");
                continue;
            }
            // A NUL ends a text, and belongs to none.
            std::string expected(text);
            if (type == Dialect::Type::Text) std::erase(expected, '\0');
            require_equal(expected, one, "what came in goes out");
            if (type == Dialect::Type::Binary || !websocket::is_valid_utf8(as_bytes(text))) continue;
            for (const std::string& message : cut)
                require(websocket::is_valid_utf8(as_bytes(message)), "text is cut between characters");
        }
    }
}

}  // namespace
}  // namespace marmoset::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    using namespace marmoset;
    using namespace marmoset::fuzz;
    const Bytes input(data, size);
    Chunks whole;
    if (size > 0) whole.push_back(exact(input));
    const Chunks pieces = Pieces(input).cut(input);
    check_lines(as_text(input), whole);
    check_lines(as_text(input), pieces);

    std::string at_once, cut;
    const bool fine = read_records(whole, at_once);
    require(fine == read_records(pieces, cut), "records are well-formed, or not, wherever they are cut");
    require_equal(at_once, cut, "the records of the whole and of pieces");
    require(!fine || as_text(input).starts_with(at_once), "they are what came");

    check_messages(as_text(input), whole, pieces);
    return 0;
}
