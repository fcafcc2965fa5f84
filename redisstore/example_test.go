package redisstore_test

import (
	"context"
	"fmt"

	"github.com/alicebob/miniredis/v2"

	"github.com/ssoexchange/ssoexchange/redisstore"
)

// One host writes while all others wait; readers never do.
func ExampleStore() {
	server, err := miniredis.Run() // yours is rediss://bots@redis.example.com?password_file=/run/secrets/redis
	if err != nil {
		fmt.Println(err)
		return
	}
	defer server.Close()
	ctx := context.Background()

	// The same on every host; usually in SSOEXCHANGE_STATE_KEY.
	key, err := redisstore.ParseKey("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAE=")
	if err != nil {
		fmt.Println(err)
		return
	}
	store, err := redisstore.Open("redis://"+server.Addr(), redisstore.Options{Key: key})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer store.Close()
	const identity = "0123456789abcdef" // what the record belongs to, hashed

	lease, err := store.Acquire(ctx, identity)
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

	data, err := store.Load(ctx, identity)
	fmt.Println(string(data), err)
	// Output: cookies and the like <nil>
}
