#define _GNU_SOURCE
#include "linux_guest.h"

#include <net/if.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/reboot.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <termios.h>
#include <unistd.h>

int linux_load_module(int file) { return (int)syscall(SYS_finit_module, file, "", 0); }

int linux_raise_loopback(void)
{
	struct ifreq request = {.ifr_name = "lo"};
	int handle = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (handle < 0)
		return -1;
	int result = ioctl(handle, SIOCGIFFLAGS, &request);
	if (result == 0) {
		request.ifr_flags |= IFF_UP;
		result = ioctl(handle, SIOCSIFFLAGS, &request);
	}
	close(handle);
	return result;
}

int linux_make_raw(int terminal)
{
	struct termios settings;

	if (tcgetattr(terminal, &settings))
		return -1;
	cfmakeraw(&settings);
	return tcsetattr(terminal, TCSANOW, &settings);
}

int linux_power_off(int terminal)
{
	tcdrain(terminal);
	sync();
	return reboot(RB_POWER_OFF);
}
