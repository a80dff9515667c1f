package disk

import "golang.org/x/sys/unix"

// Network tells whether a file system, by its type as statfs(2) gives it, is one
// whose data comes from a server or from another process. A disk that hangs is
// repaired, or the machine is of no use; a server may be gone for days.
func Network(fsType int64) bool {
	const ( // not in the kernel's own headers, but in the file systems'
		lustre = 0x0bd00bd0
		gpfs   = 0x47504653
		beegfs = 0x19830326
		panfs  = 0xaad7aaea
	)
	switch uint32(fsType) { // s390 has 32 bits of it, with a sign
	case unix.NFS_SUPER_MAGIC, unix.SMB_SUPER_MAGIC, unix.SMB2_SUPER_MAGIC, unix.CIFS_SUPER_MAGIC,
		unix.CEPH_SUPER_MAGIC, unix.AFS_SUPER_MAGIC, unix.AFS_FS_MAGIC, unix.CODA_SUPER_MAGIC,
		unix.V9FS_MAGIC, unix.FUSE_SUPER_MAGIC, lustre, gpfs, beegfs, panfs:
		return true
	}
	return false
}
