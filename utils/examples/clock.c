/* Tells each browser the time, once a second: one thread, poll(), and libwebsocket.so in front of the socket calls. What the
   browsers say is read and thrown away: that answers their pings and notices their end. The gateway says options = "direct".
   usage: cc -o clock clock.c -lwebsocket && ./clock SOCKET */
#include <marmoset/websocket_socket.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum { MOST = 1000 };

int main(int argc, char **argv)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	struct pollfd polled[MOST];
	int count = 1;
	time_t told = 0;

	if (argc != 2 || strlen(argv[1]) >= sizeof address.sun_path) {
		fprintf(stderr, "usage: clock SOCKET\n");
		return 1;
	}
	strcpy(address.sun_path, argv[1]);
	signal(SIGPIPE, SIG_IGN);
	unlink(argv[1]);
	umask(0117); /* the socket: rw for user and group only; the gateway must be in the group */
	polled[0].fd = socket(AF_UNIX, SOCK_STREAM, WS_TEXT); /* messages are text; 0: by WEBSOCKET_TYPE */
	if (polled[0].fd < 0 || bind(polled[0].fd, (struct sockaddr *)&address, sizeof address) != 0 ||
	    listen(polled[0].fd, 128) != 0) {
		perror(argv[1]);
		return 1;
	}
	for (;;) {
		time_t now = time(NULL);
		char text[64], bytes[4096];
		size_t size = strftime(text, sizeof text, "%H:%M:%S", localtime(&now));

		for (int i = 1; i < count; ++i) {
			int gone = (polled[i].revents != 0 && recv(polled[i].fd, bytes, sizeof bytes, MSG_DONTWAIT) == 0);
			if (!gone && now != told)
				send(polled[i].fd, text, size, MSG_DONTWAIT); /* who is slow misses a second */
			if (gone) {
				close(polled[i].fd);
				polled[i--] = polled[--count];
			}
		}
		told = now;
		polled[0].events = count < MOST ? POLLIN : 0;
		if (poll(polled, (nfds_t)count, 200) > 0 && polled[0].revents != 0) {
			int client = accept(polled[0].fd, NULL, NULL);
			if (client >= 0)
				polled[count++] = (struct pollfd){ client, POLLIN, 0 };
		}
	}
}
