# OpenSSL is this module's alone: a server without TLS does not load it, nor does one that uses mbedTLS on a build without it.
SOURCES_tls := $(if $(filter HAVE_OPENSSL,$(FEATURES)),src/tls/openssl/*.cpp)
LIBS_tls := $(OPENSSL_LIBS)
