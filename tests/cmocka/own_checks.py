def check(count, build):
    pass
