/* The echo server in C: POSIX and nothing else, one process a client. As it sends back what it reads, it serves
   framing "bytes" and "lines" alike. usage: cc -o echo echo.c && ./echo SOCKET */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

static int write_all(int to, const char *data, size_t size)
{
	while (size > 0) {
		ssize_t done = write(to, data, size);
		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0)
			return -1;
		data += done;
		size -= (size_t)done;
	}
	return 0;
}

static void echo(int client)
{
	char data[65536];
	ssize_t size;

	while ((size = read(client, data, sizeof data)) > 0) {
		if (write_all(client, data, (size_t)size) != 0)
			return;
	}
}

int main(int argc, char **argv)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int listener, client;

	if (argc != 2 || strlen(argv[1]) >= sizeof address.sun_path) {
		fprintf(stderr, "usage: echo SOCKET\n");
		return 1;
	}
	strcpy(address.sun_path, argv[1]);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGCHLD, SIG_IGN); /* children are not waited for */
	unlink(argv[1]);
	umask(0117); /* the socket: rw for user and group only; the gateway must be in the group */
	listener = socket(AF_UNIX, SOCK_STREAM, 0);
	if (listener < 0 || bind(listener, (struct sockaddr *)&address, sizeof address) != 0 || listen(listener, 128) != 0) {
		perror(argv[1]);
		return 1;
	}
	while ((client = accept(listener, NULL, NULL)) >= 0 || errno == EINTR) {
		if (client >= 0 && fork() == 0) {
			close(listener);
			echo(client);
			return 0;
		}
		if (client >= 0)
			close(client);
	}
	perror("accept");
	return 1;
}
