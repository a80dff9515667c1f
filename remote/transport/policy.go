package transport

import (
	"fmt"
	"net/netip"
	"net/url"

	"codeoceanfs/remote/fault"
)

// metadata are the addresses of cloud metadata services outside the link-local
// ranges: they hand out the machine's own credentials to whoever asks.
var metadata = []netip.Addr{
	netip.MustParseAddr("fd00:ec2::254"),   // AWS
	netip.MustParseAddr("fd20:ce::254"),    // Google
	netip.MustParseAddr("168.63.129.16"),   // Azure
	netip.MustParseAddr("100.100.100.200"), // Alibaba
}

// allowed says whether address ("ip:port") may be connected to. Private ranges
// may: deployments live in private networks.
func allowed(address string, loopback bool) error {
	ap, err := netip.ParseAddrPort(address)
	if err != nil {
		return fmt.Errorf("%w: address %q is not an IP address", fault.ErrRefused, address)
	}
	return allowedIP(ap.Addr(), loopback)
}

func allowedIP(ip netip.Addr, loopback bool) error {
	ip = ip.Unmap().WithZone("")
	why := ""
	switch {
	case ip.IsLoopback():
		if !loopback {
			why = "is this machine"
		}
	case ip.IsUnspecified(), ip.IsMulticast():
		why = "is no host's"
	case ip.IsLinkLocalUnicast():
		why = "is link-local"
	}
	for _, m := range metadata {
		if ip == m {
			why = "is a metadata service"
		}
	}
	if why != "" {
		return fmt.Errorf("%w: address %s %s", fault.ErrRefused, ip, why)
	}
	return nil
}

// CheckURL says whether a URL that a server handed out may be requested: https
// on its default port, without a user, and not to an address that is refused.
// With loopback, plain http and any port are allowed to this machine, and only
// to it. Names are checked again as addresses when they are dialled. Its errors
// name the host at most: the URL may be a signed one.
func CheckURL(u *url.URL, loopback bool) error {
	refuse := func(why string) error {
		return fmt.Errorf("%w: signed URL %s", fault.ErrRefused, why)
	}
	if u.User != nil {
		return refuse("names a user")
	}
	host := u.Hostname()
	if host == "" || u.Opaque != "" {
		return refuse("has no host")
	}
	ip, err := netip.ParseAddr(host)
	local := host == "localhost" || err == nil && ip.Unmap().IsLoopback()
	if loopback && local && (u.Scheme == "http" || u.Scheme == "https") {
		return nil
	}
	if u.Scheme != "https" {
		return refuse("is not https")
	}
	if p := u.Port(); p != "" && p != "443" {
		return refuse("has an unusual port")
	}
	if err == nil {
		return allowedIP(ip, loopback)
	}
	return nil
}
