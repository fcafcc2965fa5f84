package main

import "os"

// openTTY opens the console, whatever the standard streams are.
func openTTY() (*os.File, error) { return os.OpenFile("CONIN$", os.O_RDWR, 0) }

// There is no job control here: whoever has a console may read from it.
func inForeground(*os.File) bool { return true }

func isGone(error) bool { return false }

func hideInput(int) {}

func notifyPrompt(chan<- os.Signal) {}

func isHangup(os.Signal) bool { return false }

func notifyResize(chan<- os.Signal) {}
