package filestore_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/ssoexchange/ssoexchange/filestore"
)

// One process writes while all others wait; readers never do.
func ExampleStore() {
	parent, err := os.MkdirTemp("", "example")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(parent)
	ctx := context.Background()

	store, err := filestore.Open(filepath.Join(parent, "state"), filestore.Options{Key: filestore.FileKey})
	if err != nil {
		fmt.Println(err)
		return
	}
	const key = "0123456789abcdef" // what the record belongs to, hashed

	lease, err := store.Acquire(ctx, key)
	if err != nil {
		fmt.Println(err)
		return
	}
	err = lease.Save(ctx, []byte("cookies and the like"))
	lease.Release()
	if err != nil {
		fmt.Println(err)
		return
	}

	data, err := store.Load(ctx, key)
	fmt.Println(string(data), err)
	// Output: cookies and the like <nil>
}
