// Keys made for these tests, by openssl; they open nothing. And those that RFC 7515 publishes.
#pragma once

namespace marmoset::auth::test {

constexpr const char* kRsaPrivate =
    "-----BEGIN PRIVATE KEY-----\n"
    "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQCVsFsXMTaXmaqr\n"
    "v5MAl0mUDGpXXxJgS/WzEH4IDc+ue5YENdYzrE9cyG0pWr2SiGOkapb2XJj0yUx1\n"
    "kcNDi4LsZzn5dCpFRPBwToW4xShEy1UgrnBgfVNwfriq8WD0j89YAP8OkYGwPZ9Z\n"
    "kOlmHB34U1gNoT4TOl8dLL0RLTY+sO6Nnlm/hrhKwZPxVIS7h2wVPuRN9cLelHGe\n"
    "2UItNBU2yQAoSfPyLR/pj3ciVBEmb6QAMwbeIthw9wknAurAQtK0rfUb3MX5fYJq\n"
    "VYfQFSGWwFmpzJ6h4NwZAFkfMfuaGDyQqBj+nE6teoZt7DVFcegp0Jc1t5/7/dDy\n"
    "8qizMTydAgMBAAECggEAComxF/eVRGRQIUNdPQzpfdX6UVVP+cSCZkByeiASyOtK\n"
    "Lj8ZNpqnHNaLszFNDp9+0eI8TdkXkYZviG7vCqnFjHcsTyhQGeYWpFyUY5bjO1iY\n"
    "xEvtFsKr5ZieNbaRenx6fqA8IUS5sKd3ha3C29CxHjxfAtkHm2eGe6TP8jSD6mZp\n"
    "wB7bXqFqfq2dvfLsMPEvU+OrW2p8JkgLlQvCCfomwqAV1mdD+WMnlv2JkZxIoKBV\n"
    "U0KfTJ9KXkCcckPXxe3OEk+oNh1ykiSko7ItTdVGTf3c2n9QgUeS46fSsjhYdZCD\n"
    "wcPEC4gIfGXL6HfgdSdJgN8L5eeTESbMx6RVnbL99wKBgQDECdN9Z0+0aOGsi6dk\n"
    "1mldQL48O0P0zT6ggC1ukHz9/V2w2p7vektJelDD6PRzSNR4bIHhN3cm0FL9fT42\n"
    "PbLdF71SiYqKovgv9QOZ67wOVvKBCcCujNKxAX+9v7uYImBSX6evbtj9fvBeJO5T\n"
    "tSXoRvEmMlLXF7ZI5o12qlklMwKBgQDDeUb5crufN+D0/7tr3TTQlhdOdmQgC8O+\n"
    "eJz+7F4BIAl0ggwqSnE9QqpMCyT52e9hPoXAxI/iZH/rCFobaX0wLEzJVhY+48A4\n"
    "8Xcu5PQ1f2TXGfyI1ouCa8lMJt542KC1gI64F6VlybW22uxUQ7jx6U/kmGCp48VR\n"
    "i/4CPeZ27wKBgAgJmxk2JidwcWhApZFV1SYUpHgVufiMfbfY6YPx+p3zSGca349U\n"
    "BUgy8qLFp1gesU9qq3yPaJw3yF9KRkW1C+NSuNlseDis694Tfp1N8/zmhbTSsIq3\n"
    "jV/iftlJxig7qJVYBKkFs3HZRYOmofren3pBhluZjpnxB/E/OqeV3mfPAoGAEBRW\n"
    "2Ugt1OAU2jJ7KVlN8eaWzjaA7/3nwTBMwc+RwAfxnyrfc08iV4a3WYAFL6RUw6wP\n"
    "9pZ0u4vG1f+e4ehgiujp/BnfxJaZhlWelzXwPMJY+jTCCEOVwEm7ik8cN9aiCawk\n"
    "kVIooeHg18TUce4MNaIal1RNh0wcPCQG5gpPffMCgYEAsHeFsbe0VptW3Lhg6OvU\n"
    "coZT5QllPGUdZoT80MB6NF17BKSScE5+Ir9SfaWfXX4q4tvRzYAHKcAtHGEBA6c1\n"
    "ydFALlnuyeIt3lCcBboUXQlwJeOP+MUQvDDrmrZIVeotv0W7YTcd+wgB7zZA3nwP\n"
    "Vc2CrTPE/bYbJVQtycFO7Y8=\n"
    "-----END PRIVATE KEY-----\n";

constexpr const char* kRsaPublic =
    "-----BEGIN PUBLIC KEY-----\n"
    "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAlbBbFzE2l5mqq7+TAJdJ\n"
    "lAxqV18SYEv1sxB+CA3PrnuWBDXWM6xPXMhtKVq9kohjpGqW9lyY9MlMdZHDQ4uC\n"
    "7Gc5+XQqRUTwcE6FuMUoRMtVIK5wYH1TcH64qvFg9I/PWAD/DpGBsD2fWZDpZhwd\n"
    "+FNYDaE+EzpfHSy9ES02PrDujZ5Zv4a4SsGT8VSEu4dsFT7kTfXC3pRxntlCLTQV\n"
    "NskAKEnz8i0f6Y93IlQRJm+kADMG3iLYcPcJJwLqwELStK31G9zF+X2CalWH0BUh\n"
    "lsBZqcyeoeDcGQBZHzH7mhg8kKgY/pxOrXqGbew1RXHoKdCXNbef+/3Q8vKoszE8\n"
    "nQIDAQAB\n"
    "-----END PUBLIC KEY-----\n";

constexpr const char* kEcPrivate =
    "-----BEGIN PRIVATE KEY-----\n"
    "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgqh2Zyve3JsdHZRyC\n"
    "dtnR13T7rjdDnIb2wkJ13QwlyiihRANCAAT+SPyut6ZPvSXWeBQQnDavfYOVjpF/\n"
    "WBgVG/NHji3Yxp7XsAlbkLZun3w8vqxKqe7myyW0iffcgP7s3Kpa/zGk\n"
    "-----END PRIVATE KEY-----\n";

/// The same key as «EC PRIVATE KEY» (SEC 1).
constexpr const char* kEcPrivateSec1 =
    "-----BEGIN EC PRIVATE KEY-----\n"
    "MHcCAQEEIKodmcr3tybHR2UcgnbZ0dd0+643Q5yG9sJCdd0MJcoooAoGCCqGSM49\n"
    "AwEHoUQDQgAE/kj8rremT70l1ngUEJw2r32DlY6Rf1gYFRvzR44t2Mae17AJW5C2\n"
    "bp98PL6sSqnu5ssltIn33ID+7NyqWv8xpA==\n"
    "-----END EC PRIVATE KEY-----\n";

constexpr const char* kEcPublic =
    "-----BEGIN PUBLIC KEY-----\n"
    "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE/kj8rremT70l1ngUEJw2r32DlY6R\n"
    "f1gYFRvzR44t2Mae17AJW5C2bp98PL6sSqnu5ssltIn33ID+7NyqWv8xpA==\n"
    "-----END PUBLIC KEY-----\n";

/// Of the same key.
constexpr const char* kEcCertificate =
    "-----BEGIN CERTIFICATE-----\n"
    "MIIBdTCCARugAwIBAgIULM/bbf4VUdKoZuwoIJUzdTgog8UwCgYIKoZIzj0EAwIw\n"
    "DzENMAsGA1UEAwwEdGVzdDAgFw0yNjExMjIwOTM0NTVaGA8yMTI2MTAyOTA5MzQ1\n"
    "NVowDzENMAsGA1UEAwwEdGVzdDBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABP5I\n"
    "/K63pk+9JdZ4FBCcNq99g5WOkX9YGBUb80eOLdjGntewCVuQtm6ffDy+rEqp7ubL\n"
    "JbSJ99yA/uzcqlr/MaSjUzBRMB0GA1UdDgQWBBRy0hVRyjl3hAY7ARkIoEMdNkzJ\n"
    "hjAfBgNVHSMEGDAWgBRy0hVRyjl3hAY7ARkIoEMdNkzJhjAPBgNVHRMBAf8EBTAD\n"
    "AQH/MAoGCCqGSM49BAMCA0gAMEUCIEr1JTGY52T3fdcwG49f2Wttu+u8MIs41sj3\n"
    "PhGJ4vJ6AiEAhyj45mKUYj6HIg+fX9Cx2kZDJf2ZuZAZ37sImH1Q6mM=\n"
    "-----END CERTIFICATE-----\n";

/// Keys that are none for tokens: 1024 bits, other curves.
constexpr const char* kSmallRsaPublic =
    "-----BEGIN PUBLIC KEY-----\n"
    "MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDV/z8Cfj/IDqtojhbSlI7XL+TN\n"
    "qy5puAwWhymYANQpWPaaelZyo7u+kFI8siE1DkGbBPPGzwjvAb5i4o/mx8HzSgMY\n"
    "/8v4ggHclWRTGwyJt0a8GWmLmhsgKKk1OVeragc69xrRfpIMptu+8B1K/1Ab2Iox\n"
    "yBq3RzE9hkMVF64TDwIDAQAB\n"
    "-----END PUBLIC KEY-----\n";

constexpr const char* kSecp256k1Public =
    "-----BEGIN PUBLIC KEY-----\n"
    "MFYwEAYHKoZIzj0CAQYFK4EEAAoDQgAEmd1DC30V+5OJkW819CWzd8LC0LEFarPs\n"
    "0ZlQpIhhMU3ngT+83SYzWke7WCn2M9OKpQNegWT9KjEtGCmmN0F+Eg==\n"
    "-----END PUBLIC KEY-----\n";

constexpr const char* kSecp384r1Public =
    "-----BEGIN PUBLIC KEY-----\n"
    "MHYwEAYHKoZIzj0CAQYFK4EEACIDYgAE4K/+OkRWT8EHC8OKlkBlkL62yvwV/OtJ\n"
    "Icgb7mRwm30rhSRkpi15fzckbwFTPDpokaf2epFB660LBAxoIgEHbyyWBh6fpN8i\n"
    "QNRjMSbcEXKxmvgIUIqZPnVi4RyRpR3V\n"
    "-----END PUBLIC KEY-----\n";

/// RFC 7515 A.2.1 and A.3.1, the public parts.
constexpr const char* kPublishedKeys = R"({"keys": [
    {"kty": "RSA",
     "n": "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ",
     "e": "AQAB"},
    {"kty": "EC", "crv": "P-256",
     "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
     "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}
]})";

}  // namespace marmoset::auth::test
