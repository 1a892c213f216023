// The tables of the core: what stands at the top level of a file and in a `servers` entry, and ouistiti's
// groups. Defaults of limits are those of an Internet-facing server; 0 switches a limit off only where its
// help says so.

#include "config/document.h"
#include "config/value.h"

namespace marmoset::config {

namespace {

constexpr int64_t kDay = 86400;
constexpr int64_t kKilo = 1024;
constexpr int64_t kMega = 1024 * kKilo;
constexpr int64_t kGiga = 1024 * kMega;
constexpr int64_t kTera = 1024 * kGiga;

constexpr Key kServerKeys[] = {
    {.name = "hostname",
     .type = Type::String,
     .default_text = nullptr,
     .help = "Name of the server; unset: the machine's name, with .local if it has no dot."},
    {.name = "port",
     .type = Type::Integer,
     .default_text = "80",
     .help = "TCP port; 0: the one of the command line's -P; unset in an entry with tls: 443.",
     .min = 0,
     .max = 65535},
    {.name = "addr",
     .type = Type::String,
     .default_text = "any",
     .help =
         "Address to listen on: any (IPv6 and IPv4), an IPv4 or IPv6 address, or unix:/path of a socket."},
    {.name = "service",
     .type = Type::String,
     .default_text = nullptr,
     .help = "Name of the service; unset: the first label of a hostname with two dots, else www."},
    {.name = "version",
     .type = Type::String,
     .default_text = "HTTP/1.1",
     .help = "HTTP/0.9 also answers requests without a version; any other value means HTTP/1.1 and 1.0."},
    {.name = "root",
     .type = Type::String,
     .default_text = nullptr,
     .help = "Folder that relative paths of this server's modules start from."},
    {.name = "security",
     .type = Type::Words,
     .default_text = "",
     .help = "Relaxes the security headers: frame (same origin may frame), cache (may be cached), "
             "sniff (no nosniff), otherorigin (no Referrer-Policy).",
     .choices = "frame|cache|sniff|otherorigin"},
    {.name = "headers",
     .type = Type::StringList,
     .default_text = nullptr,
     .help = "Header lines \"Name: value\" added to each response."},
    {.name = "server_tokens",
     .type = Type::Boolean,
     .default_text = "true",
     .help = "Whether the Server header tells the version."},
    {.name = "keepalivetimeout",
     .type = Type::Seconds,
     .default_text = "15",
     .help = "How long an idle connection waits for its next request; 0: no keep-alive.",
     .min = 0,
     .max = kDay},
    {.name = "maxclients",
     .type = Type::Integer,
     .default_text = "0",
     .help = "Connections a worker serves at a time; 0: as many as its descriptors permit.",
     .min = 0,
     .max = 10'000'000},
    {.name = "clients_per_address",
     .type = Type::Integer,
     .default_text = "256",
     .help = "Connections one address may hold at a time; 0: no limit.",
     .min = 0,
     .max = 10'000'000},
    {.name = "proxies",
     .type = Type::StringList,
     .default_text = nullptr,
     .help = "Addresses and networks of trusted proxies in front: [\"10.0.0.0/8\"]; only theirs is forwarded "
             "believed."},
    {.name = "forwarded",
     .type = Type::Words,
     .default_text = "x-forwarded-for",
     .help = "How the proxies tell the client's address: in the field x-forwarded-for (with "
             "X-Forwarded-Proto) or forwarded (RFC 7239) of each request, by proxy, the PROXY header in "
             "front of each connection, by it and a field, or none.",
     .choices = "none|x-forwarded-for|forwarded|proxy"},
    {.name = "request_line",
     .type = Type::Size,
     .default_text = "8K",
     .help = "Longest request line; beyond it 414.",
     .min = 64,
     .max = 64 * kKilo},
    {.name = "header_size",
     .type = Type::Size,
     .default_text = "16K",
     .help = "Largest header block, request line included; beyond it 431.",
     .min = 256,
     .max = 256 * kKilo},
    {.name = "header_count",
     .type = Type::Integer,
     .default_text = "100",
     .help = "Most header lines; beyond it 431.",
     .min = 1,
     .max = 10'000},
    {.name = "header_timeout",
     .type = Type::Seconds,
     .default_text = "10",
     .help = "Time for the whole of a request's headers, from its first byte or the accept; beyond it 408.",
     .min = 1,
     .max = kDay},
    {.name = "body_size",
     .type = Type::Size,
     .default_text = "10M",
     .help = "Largest request body; beyond it 413.",
     .min = 0,
     .max = kTera},
    {.name = "body_timeout",
     .type = Type::Seconds,
     .default_text = "30",
     .help = "Longest pause within a request body; beyond it 408.",
     .min = 1,
     .max = kDay},
    {.name = "send_timeout",
     .type = Type::Seconds,
     .default_text = "60",
     .help = "Longest time a peer may take nothing of what waits for it; beyond it the connection is closed.",
     .min = 1,
     .max = kDay},
    {.name = "timeout",
     .type = Type::Seconds,
     .default_text = "3.0",
     .help = "How long a CGI script may take for its answer.",
     .min = 0,
     .max = kDay},
    {.name = "chunksize",
     .type = Type::Integer,
     .default_text = "128",
     .help = "ouistiti's buffer unit; accepted, buffers here size themselves.",
     .min = 0,
     .max = kGiga},
    {.name = "unlock_groups",
     .type = Type::Ignored,
     .default_text = nullptr,
     .help = "Groups of ouistiti's methodlock."},
};

constexpr Key kMimeKeys[] = {
    {.name = "ext",
     .type = Type::String,
     .default_text = nullptr,
     .help = "Patterns of file names, without case: \".mp4,.m4v\"."},
    {.name = "mime", .type = Type::String, .default_text = nullptr, .help = "Their Content-Type."},
};

constexpr Key kGlobalKeys[] = {
    {.name = "user",
     .type = Type::String,
     .default_text = nullptr,
     .help = "User the workers run as, with all its groups.",
     .reloadable = false},
    {.name = "group",
     .type = Type::String,
     .default_text = nullptr,
     .help = "Group the workers run as, instead of the user's own.",
     .reloadable = false},
    {.name = "strict",
     .type = Type::Boolean,
     .default_text = "false",
     .help = "Makes unknown keys errors instead of warnings."},
    {.name = "log-file",
     .type = Type::String,
     .default_text = nullptr,
     .help = "Error log; unset: stderr, empty or -: none. The command line's -L wins.",
     .alias = "logfile"},
    {.name = "log-level",
     .type = Type::String,
     .default_text = "info",
     .help = "Least severe lines that the error log takes.",
     .choices = "debug|info|warning|error"},
    {.name = "access-log",
     .type = Type::String,
     .default_text = nullptr,
     .help = "Access log; unset: none, -: stdout."},
    {.name = "access-log-format",
     .type = Type::String,
     .default_text = "combined",
     .help = "Form of the access log's lines.",
     .choices = "common|combined|json"},
    {.name = "pid-file",
     .type = Type::String,
     .default_text = nullptr,
     .help = "File that holds the supervisor's process number and its lock. The command line's -p wins.",
     .reloadable = false},
    {.name = "init_d",
     .type = Type::String,
     .default_text = nullptr,
     .help =
         "Executable, or folder of executables, run with start before the servers and with stop at the end.",
     .reloadable = false},
    {.name = "config_d",
     .type = Type::String,
     .default_text = nullptr,
     .help = "Further file, or folder of *.conf files, with servers; relative to the working directory."},
    {.name = "workers",
     .type = Type::Integer,
     .default_text = nullptr,
     .help = "Worker processes; unset: one a core, 0: everything in one process.",
     .min = 0,
     .max = 1024},
    {.name = "maxmemory",
     .type = Type::Size,
     .default_text = "256M",
     .help = "Memory of all queues and unfinished messages of one process together.",
     .min = kMega,
     .max = kTera},
    {.name = "drain_timeout",
     .type = Type::Seconds,
     .default_text = "30",
     .help = "Time that connections are given to finish when the server stops or is reloaded.",
     .min = 0,
     .max = kDay},
    {.name = "mimetypes",
     .type = Type::GroupList,
     .default_text = nullptr,
     .help = "Content types beside the built-in ones.",
     .children = kMimeKeys},
    {.name = "servers",
     .type = Type::GroupList,
     .default_text = nullptr,
     .help = "The servers, each with the groups of its modules.",
     .children = kServerKeys,
     .alias = "server"},
};

constexpr GroupInfo kGroups[] = {
    {.name = "document", .alias = "filestorage|static_file", .list = true, .essential = true},
    {.name = "websocket", .essential = true},
    {.name = "auth", .list = true, .protects = true},
    {.name = "tls", .protects = true},
    {.name = "userfilter", .protects = true},
    {.name = "clientfilter", .protects = true},
    {.name = "methodlock", .protects = true},
    {.name = "vhost", .list = true},
    {.name = "webstream", .list = true},
    {.name = "cgi"},
    {.name = "python"},
    {.name = "redirect"},
    {.name = "cors"},
    {.name = "upgrade"},
    {.name = "forward"},
    {.name = "signature"},
    {.name = "headers"},
    {.name = "compression"},
    {.name = "status"},
    {.name = "skeleton"},
};

}  // namespace

std::span<const Key> global_keys() {
    return kGlobalKeys;
}
std::span<const Key> server_keys() {
    return kServerKeys;
}
std::span<const GroupInfo> known_groups() {
    return kGroups;
}

const GroupInfo* find_known_group(std::string_view name) {
    for (const GroupInfo& group : kGroups) {
        if (name == group.name) return &group;
        for (std::string_view alias : alternatives(group.alias)) {
            if (name == alias) return &group;
        }
    }
    return nullptr;
}

}  // namespace marmoset::config
