// A peer of the benchmark: a server made of Centrifuge, the library that Centrifugo consists of.
//
//	server PORT [HISTORY]
//
// Whoever connects is let in, may subscribe to every channel and publish to it, as in the library's own chat example.
// With HISTORY every channel keeps that many messages in memory for ten minutes, from which clients can recover.
package main

import (
	"context"
	"log"
	"net/http"
	"os"
	"os/signal"
	"strconv"
	"syscall"
	"time"

	"github.com/centrifugal/centrifuge"
)

const historyTTL = 10 * time.Minute

func serve(history int) (*centrifuge.Node, error) {
	node, err := centrifuge.New(centrifuge.Config{LogLevel: centrifuge.LogLevelError, LogHandler: func(e centrifuge.LogEntry) {
		log.Println(e.Message, e.Fields)
	}})
	if err != nil {
		return nil, err
	}
	node.OnConnecting(func(context.Context, centrifuge.ConnectEvent) (centrifuge.ConnectReply, error) {
		return centrifuge.ConnectReply{Credentials: &centrifuge.Credentials{UserID: ""}}, nil
	})
	node.OnConnect(func(client *centrifuge.Client) {
		client.OnSubscribe(func(_ centrifuge.SubscribeEvent, done centrifuge.SubscribeCallback) {
			options := centrifuge.SubscribeOptions{EnableRecovery: history > 0}
			done(centrifuge.SubscribeReply{Options: options}, nil)
		})
		client.OnPublish(func(event centrifuge.PublishEvent, done centrifuge.PublishCallback) {
			var kept centrifuge.PublishOption
			if history > 0 {
				kept = centrifuge.WithHistory(history, historyTTL)
			} else {
				kept = centrifuge.WithHistory(0, 0)
			}
			result, err := node.Publish(event.Channel, event.Data, kept)
			done(centrifuge.PublishReply{Result: &result}, err)
		})
	})
	return node, node.Run()
}

func main() {
	if len(os.Args) < 2 {
		log.Fatal("server PORT [HISTORY]")
	}
	history := 0
	if len(os.Args) > 2 {
		history, _ = strconv.Atoi(os.Args[2])
	}
	node, err := serve(history)
	if err != nil {
		log.Fatal(err)
	}
	http.Handle("/connection/websocket", centrifuge.NewWebsocketHandler(node, centrifuge.WebsocketConfig{
		CheckOrigin: func(*http.Request) bool { return true },
	}))
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGTERM)
	go func() {
		<-stop
		os.Exit(0)
	}()
	log.Fatal(http.ListenAndServe("127.0.0.1:"+os.Args[1], nil))
}
