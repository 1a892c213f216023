// What libraries made for ouistiti call in the program that loads them. In: their error codes and words. Out:
// error objects.
#include <jansson.h>

#include "request.h"

// `data` is taken over; a missing message is an empty one.
extern "C" __attribute__((visibility("default"), used)) json_t* jsonrpc_error_object(int code,
                                                                                     const char* message,
                                                                                     json_t* data) {
    json_t* const error = json_pack("{siss}", "code", code, "message", message ? message : "");
    if (data) json_object_set_new(error, "data", data);
    return error;
}

extern "C" __attribute__((visibility("default"), used)) json_t* jsonrpc_error_object_predefined(
    int code, json_t* data) {
    const std::string text = jsonrpc::error_object(code);
    json_t* const error = json_loadb(text.data(), text.size(), 0, nullptr);
    if (data) json_object_set_new(error, "data", data);
    return error;
}
