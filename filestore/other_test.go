//go:build !unix

package filestore_test

// Modes and limits of file sizes are Unix's; these children are never started.
func openUnwritable(string) error { return nil }
func saveOnFullDisk(string) error { return nil }

func useUpDescriptors(string) error { return nil }
