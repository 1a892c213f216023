// What chat servers of several machines tell each other, as text. In: an envelope. Out: bytes, and back; what
// is not of this form is refused: others may write to the same channel.
//
//     marmoset-chat/1 INSTANCE NUMBER OPERATION [WORD]...\nROOM\nTEXT
//
// INSTANCE names a process. Its messages of a NUMBER other than 0 are numbered without gaps: a receiver that
// misses one asks for it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "message.h"

namespace chat {

enum class Operation : uint8_t {
    // Numbered: what happens in rooms.
    Said,     ///< id time name colour flags binary; room, text
    Private,  ///< to time name colour flags to-flags; room, text
    Came,     ///< name colour flags address; room, user
    Renamed,  ///< old-name name colour flags address; room, user
    Went,     ///< name; room
    List,     ///< all who are there follow, each as Came
    Listed,   ///< these were all
    // Not numbered (0).
    Alive,  ///< last-number
    Bye,
    Want,  ///< instance from-number: its messages from there on are missing
    Gap,   ///< first-number: there are none before it any more
    Who,   ///< instance or "-": whose list is wanted
};

struct Envelope {
    std::string instance;
    uint64_t number = 0;
    Operation operation = Operation::Alive;
    std::vector<std::string> words;
    std::string room;
    std::string text;
};

std::string encode(const Envelope& envelope);
/// False: malformed, or of another version.
bool decode(std::string_view bytes, Envelope& envelope);

// Words of persons and messages. The takers check them as strictly as what a client sends; false: nonsense.
void add_person(Envelope& envelope, const Person& person);
bool take_person(const Envelope& envelope, size_t at, Person& person);
void add_message(Envelope& envelope, const Message& message);
bool take_message(const Envelope& envelope, Message& message);
bool take_number(const Envelope& envelope, size_t at, uint64_t& number);

}  // namespace chat
