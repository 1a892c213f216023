// What the gateway knows of a client, to the worker process and into the library interface's struct.
#include "utils/websocket_jsonrpc/client_metadata.h"

#include <gtest/gtest.h>

namespace jsonrpc {
namespace {

TEST(Metadata, ComesThrough) {
    websocket_server::ClientInfo info;
    info.id = "g-1";
    info.user = "Jürgen \"x\"\n";
    info.group = "users";
    info.home = "/home/x";
    info.auth = "Basic";
    info.remote_address = "2001:db8::1";
    info.remote_port = 65535;
    info.origin = "https://a.example";
    info.host = "a.example";
    info.path_info = "/x";
    info.query = "a=1&b";
    info.tls = true;
    info.tls_client_subject = "CN=x";
    const ClientMetadata metadata(7, encode_metadata(info));
    const marmoset_jsonrpc_client& client = metadata.client();
    EXPECT_EQ(client.number, 7u);
    EXPECT_EQ(client.id, info.id);
    EXPECT_EQ(client.user, info.user);
    EXPECT_EQ(client.group, info.group);
    EXPECT_EQ(client.home, info.home);
    EXPECT_EQ(client.auth, info.auth);
    EXPECT_EQ(client.remote_address, info.remote_address);
    EXPECT_EQ(client.remote_port, 65535);
    EXPECT_EQ(client.origin, info.origin);
    EXPECT_EQ(client.host, info.host);
    EXPECT_EQ(client.path_info, info.path_info);
    EXPECT_EQ(client.query, info.query);
    EXPECT_EQ(client.tls_client_subject, info.tls_client_subject);
    EXPECT_EQ(client.tls, 1);
    EXPECT_EQ(client.metadata, 1);
}

TEST(Metadata, OfAPlainStreamIsEmpty) {
    websocket_server::ClientInfo info;
    info.stream = true;
    const ClientMetadata metadata(8, encode_metadata(info));
    EXPECT_STREQ(metadata.client().user, "");
    EXPECT_STREQ(metadata.client().remote_address, "");
    EXPECT_EQ(metadata.client().tls, 0);
    EXPECT_EQ(metadata.client().metadata, 0);
}

// A user's name is a C string for the library: what stands behind a NUL must not make another name of it.
TEST(Metadata, ANameWithANulIsNone) {
    websocket_server::ClientInfo info;
    info.user = std::string("root\0x", 6);
    info.group = "users";
    const ClientMetadata metadata(9, encode_metadata(info));
    EXPECT_STREQ(metadata.client().user, "");
    EXPECT_STREQ(metadata.client().group, "users");
}

}  // namespace
}  // namespace jsonrpc
