LIBS_userfilter := -lsqlite3
