package main

import "os"

// openTTY opens the console, whatever the standard streams are.
func openTTY() (*os.File, error) { return os.OpenFile("CONIN$", os.O_RDWR, 0) }
