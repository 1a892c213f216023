// Servers that share their rooms, over a bus that loses, repeats and reorders.
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/unit/chat/machines.h"

namespace chat {
namespace {

TEST_F(TwoMachines, HearEachOther) {
    connect();
    one.say("a");
    two.say("b");
    deliver();
    EXPECT_EQ(one.heard(), "a b ");
    EXPECT_EQ(two.heard(), "b a ");
    EXPECT_EQ(one.room().history.messages()[1].id, two.room().history.messages()[0].id);
}

TEST_F(TwoMachines, HearNothingTwice) {
    connect();
    one.say("a");
    one.say("b");
    const std::deque<std::string> again = wire_;
    deliver();
    wire_ = again;
    deliver();
    EXPECT_EQ(two.heard(), "a b ");
}

TEST_F(TwoMachines, AskForWhatIsMissing) {
    connect();
    for (const char* text : {"a", "b", "c", "d"})
        one.say(text);
    wire_.erase(wire_.begin() + 1);
    deliver();
    settle();
    EXPECT_EQ(two.heard(), "a b c d ");
    one.say("e");
    wire_.clear();  // the last one: only the next sign of life tells
    settle();
    EXPECT_EQ(two.heard(), "a b c d e ");
}

TEST_F(TwoMachines, KeepTheOrderOverAWireThatDoesNot) {
    connect();
    for (int i = 0; i < 100; ++i)
        one.say(std::to_string(i));
    std::string expected;
    for (int i = 0; i < 100; ++i)
        expected += std::to_string(i) + ' ';
    std::reverse(wire_.begin(), wire_.end());
    settle();
    EXPECT_EQ(two.heard(), expected);
}

TEST_F(TwoMachines, CatchUpAfterAnAbsence) {
    connect();
    one.say("a");
    deliver();
    two.connected = one.connected = false;
    one.say("b");
    two.say("x");
    settle(20);
    two.connected = one.connected = true;
    connect();
    EXPECT_EQ(two.heard(), "a x b ");
    EXPECT_EQ(one.heard(), "a b x ");
    EXPECT_EQ(one.names(), "speaker speaker001 ");
    EXPECT_EQ(two.names(), one.names());
}

TEST_F(TwoMachines, CatchUpAfterAnAbsenceOfHours) {
    connect();
    one.say("a");
    deliver();
    two.connected = one.connected = false;
    one.say("b");
    settle(2 * 3600);
    EXPECT_EQ(two.names(), "");
    two.connected = one.connected = true;
    connect();
    EXPECT_EQ(two.heard(), "a b ");
    EXPECT_EQ(two.names(), "speaker ");
    // One alone was away.
    one.connected = false;
    one.say("c");
    settle(2 * 3600);
    one.connected = true;
    one.backplane.on_connected(now_);
    settle();
    EXPECT_EQ(two.heard(), "a b c ");
}

TEST_F(TwoMachines, KnowSoManyOthers) {
    connect();
    const auto alive = [&](int number) {
        two.backplane.on_payload("marmoset-chat/1 x" + std::to_string(number) + " 0 alive 1\n\n", now_);
    };
    for (int number = 0; number < 300; ++number)
        alive(number);
    EXPECT_EQ(two.backplane.peers(), 256u);
    settle(700);  // the first machine is heard all the time, the others are not
    EXPECT_EQ(two.backplane.peers(), 256u);
    one.say("before");
    alive(1000);
    deliver();
    EXPECT_EQ(two.backplane.peers(), 256u);
    EXPECT_EQ(two.heard(), "before ");
    two.backplane.on_payload("marmoset-chat/1 x1000 0 bye\n\n", now_);
    EXPECT_EQ(two.backplane.peers(), 255u);
}

TEST_F(TwoMachines, SayAgainNoFasterThanClientsRead) {
    connect();
    one.say("first");
    deliver();
    one.connected = two.connected = false;
    for (int i = 0; i < 5000; ++i)
        one.say(std::to_string(i) + std::string(1000, 'x'));
    one.connected = two.connected = true;
    one.backplane.on_connected(now_);
    two.backplane.on_connected(now_);
    const auto& kept = two.room().history.messages();
    for (size_t before = 1; kept.size() < 5001;) {
        settle(1);
        ASSERT_GT(kept.size(), before);
        ASSERT_LT(kept.size(), before + 2000);  // 2 MB a second
        before = kept.size();
        // What is said meanwhile is not in the way.
        if (before < 3000) one.say("meanwhile");
    }
    settle(2);
    std::string all;
    for (const Message& message : kept)
        all += message.text.substr(0, message.text.find('x')) + ' ';
    std::string expected = "first ";
    for (int i = 0; i < 5000; ++i)
        expected += std::to_string(i) + ' ';
    EXPECT_EQ(all.substr(0, expected.size()), expected);
    EXPECT_EQ(all.substr(expected.size(), 10), "meanwhile ");
}

TEST_F(TwoMachines, GoOnWhereTooMuchWasMissed) {
    connect();
    one.say("first");
    deliver();
    one.connected = two.connected = false;
    const std::string large(100000, 'x');
    for (int i = 0; i < 400; ++i)
        one.say(large);
    one.say("last");
    one.connected = two.connected = true;
    connect();
    settle(20);
    const auto& kept = two.room().history.messages();
    EXPECT_EQ(kept.front().text, "first");
    EXPECT_EQ(kept.back().text, "last");
    EXPECT_LT(kept.size(), 300u);
    EXPECT_GT(kept.size(), 100u);
    EXPECT_EQ(two.names(), "speaker ");
    one.say("next");
    deliver();
    EXPECT_EQ(kept.back().text, "next");
}

TEST_F(TwoMachines, ShowEachOthersPersons) {
    const MemberRef before = one.member("before");
    connect();
    EXPECT_EQ(two.names(), "before ");
    const MemberRef alice = one.member("alice");
    deliver();
    EXPECT_EQ(two.names(), "alice before ");
    one.attendance.name(alice, "carol", "#112233");
    deliver();
    EXPECT_EQ(two.names(), "before carol ");
    EXPECT_EQ(two.room().roster.find("carol")->person.colour, "#112233");
    one.attendance.leave(before);
    deliver();
    EXPECT_EQ(two.names(), "carol ");
    one.backplane.leave();
    deliver();
    EXPECT_EQ(two.names(), "");
    EXPECT_EQ(two.backplane.peers(), 0u);
}

TEST_F(TwoMachines, FillARoomThatIsOpenedLater) {
    const MemberRef alice = one.member("alice", {}, "later");
    const MemberRef beside = one.member("beside", {}, "lateral");
    connect();
    EXPECT_EQ(two.names("later"), "alice ");
}

TEST_F(TwoMachines, FillARoomThatIsOpenedByWhatIsSaidThere) {
    const MemberRef alice = one.member("", "alice", "later");
    const MemberRef silent = one.member("silent", {}, "later");
    connect();
    one.delivery.say(alice, "a", false, {});
    deliver();
    EXPECT_EQ(two.names("later"), "alice! silent ");
    EXPECT_EQ(two.member("alice", {}, "later")->person.name, "alice001");
    deliver();
    EXPECT_EQ(one.names("later"), "alice! alice001 silent ");
}

TEST_F(TwoMachines, BringAUsersPrivateMessageToNoGuest) {
    connect();
    const auto guest = two.client("alice");
    const auto same = two.client("bob");
    const Person carol{"carol", {}, false};
    one.backplane.carry(one.room(), "alice", true, carol, 5, "for the user");
    one.backplane.carry(one.room(), "alice", false, carol, 6, "for the guest");
    one.backplane.carry(one.room(), "bob", false, carol, 7, "for bob");
    deliver();
    EXPECT_EQ(guest->told, std::vector<std::string>{"private 6 carol - -\nfor the guest"});
    EXPECT_EQ(same->told, std::vector<std::string>{"private 7 carol - -\nfor bob"});
}

TEST_F(TwoMachines, ForgetWhoIsSilent) {
    const MemberRef alice = one.member("alice");
    connect();
    one.connected = false;
    settle(11);  // the last sign of life was up to three seconds ago
    EXPECT_EQ(two.names(), "alice ");
    settle(6);
    EXPECT_EQ(two.names(), "");
    one.connected = true;
    settle();
    EXPECT_EQ(two.names(), "alice ");
}

TEST_F(TwoMachines, AgreeOnWhoHasAName) {
    connect();
    const MemberRef first = one.member("alice"), second = two.member("alice");
    deliver();
    EXPECT_EQ(one.names(), "alice alice001 ");
    EXPECT_EQ(two.names(), "alice alice001 ");
    EXPECT_NE(first->person.name, second->person.name);
    // The one of the server whose instance sorts first has it.
    const bool one_is_first = one.delivery.instance() < two.delivery.instance();
    EXPECT_EQ((one_is_first ? first : second)->person.name, "alice");
}

TEST_F(TwoMachines, LeaveAUsersNameToTheUser) {
    connect();
    const MemberRef guest = one.member("alice"), user = two.member("", "alice");
    deliver();
    EXPECT_EQ(one.names(), "alice! alice001 ");
    EXPECT_EQ(two.names(), "alice! alice001 ");
    EXPECT_EQ(guest->person.name, "alice001");
    const MemberRef same = one.member("", "alice");
    deliver();
    EXPECT_EQ(same->person.name, "alice");
    two.attendance.leave(user);
    deliver();
    EXPECT_EQ(two.names(), "alice! alice001 ");
    one.attendance.leave(same);
    deliver();
    EXPECT_EQ(two.names(), "alice001 ");
}

TEST(Outbox, KeepsTheLast) {
    Outbox outbox(3, 1000);
    EXPECT_EQ(outbox.next(), 1u);
    EXPECT_EQ(outbox.first(), 1u);
    for (const char* text : {"a", "b", "c", "d"})
        outbox.push(text);
    EXPECT_EQ(outbox.next(), 5u);
    EXPECT_EQ(outbox.first(), 2u);
    EXPECT_EQ(outbox.at(2), "b");
    EXPECT_EQ(outbox.at(4), "d");
    outbox.push(std::string(2000, 'x'));
    EXPECT_EQ(outbox.first(), 5u);
    EXPECT_EQ(outbox.at(5).size(), 2000u);
}

Envelope said() {
    Envelope envelope;
    envelope.instance = "0123456789";
    envelope.number = 7;
    envelope.operation = Operation::Said;
    Message message;
    message.id = "0123456789-1";
    message.time = 1763800000123;
    message.sender = {"alice", "#112233", true};
    message.text = "two\nlines";
    add_message(envelope, message);
    envelope.room = "a room";
    return envelope;
}

TEST(BackplaneMessage, ComesBackAsItWas) {
    Envelope decoded;
    ASSERT_TRUE(decode(encode(said()), decoded));
    EXPECT_EQ(decoded.instance, "0123456789");
    EXPECT_EQ(decoded.number, 7u);
    EXPECT_EQ(decoded.operation, Operation::Said);
    EXPECT_EQ(decoded.room, "a room");
    Message message;
    ASSERT_TRUE(take_message(decoded, message));
    EXPECT_EQ(message.id, "0123456789-1");
    EXPECT_EQ(message.time, 1763800000123u);
    EXPECT_EQ(message.sender, (Person{"alice", "#112233", true}));
    EXPECT_EQ(message.text, "two\nlines");
    EXPECT_FALSE(message.binary);
}

TEST(BackplaneMessage, IsRefusedWhenItIsNone) {
    Envelope decoded;
    const std::string good = encode(said());
    for (size_t size = 0; size < good.find("a room") + 6; ++size)
        EXPECT_FALSE(decode(good.substr(0, size), decoded)) << size;
    using namespace std::literals;
    for (const std::string_view bad :
         {"marmoset-chat/2 x 1 went bob\n\n"sv, "marmoset-chat/1 x 0 went bob\n\n"sv,
          "marmoset-chat/1 x 1 alive 3\n\n"sv, "marmoset-chat/1 x 1 went\n\n"sv,
          "marmoset-chat/1 x -1 went bob\n\n"sv, "marmoset-chat/1 x 1 goes bob\n\n"sv,
          "marmoset-chat/1  1 went bob\n\n"sv, "marmoset-chat/1 x 1 went \n\n"sv,
          "marmoset-chat/1 x 1 went b\xff\n\n"sv, "marmoset-chat/1 x 1 went bob\na\tb\n"sv,
          "marmoset-chat/1 x 1 went bob"sv, "marmoset-chat/1 12345678901234567 1 went bob\n\n"sv}) {
        EXPECT_FALSE(decode(bad, decoded)) << bad;
    }
    EXPECT_TRUE(decode("marmoset-chat/1 x 1 went bob and more\n\n"sv, decoded));
}

TEST(BackplaneMessage, HasPersonsAndTextsThatCanBe) {
    const auto taken = [](const Envelope& envelope) {
        Message message;
        return take_message(envelope, message);
    };
    EXPECT_TRUE(taken(said()));
    Envelope envelope = said();
    envelope.words[2] = "two words";
    EXPECT_FALSE(taken(envelope));
    envelope = said();
    envelope.words[3] = "red";
    EXPECT_FALSE(taken(envelope));
    envelope = said();
    envelope.words[0] = "no token";
    EXPECT_FALSE(taken(envelope));
    envelope = said();
    envelope.words[1] = "noon";
    EXPECT_FALSE(taken(envelope));
    envelope = said();
    envelope.text = "\xff";
    EXPECT_FALSE(taken(envelope));
    envelope.words[5] = "b";
    EXPECT_TRUE(taken(envelope));
}

}  // namespace
}  // namespace chat
