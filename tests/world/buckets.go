package world

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/url"
)

// maxKey is the longest key of an object, in bytes.
const maxKey = 1024

// Bucket is an S3 bucket.
type Bucket struct {
	world   *World
	name    string
	deleted bool
	objects map[string]object
}

type object struct {
	contentType string
	body        []byte
}

// Bucket is the bucket of a name, such as "reports". It is there until DeleteBucket.
func (w *World) Bucket(name string) *Bucket {
	if w.buckets[name] == nil {
		w.buckets[name] = &Bucket{world: w, name: name, objects: map[string]object{}}
	}
	return w.buckets[name]
}

// DeleteBucket deletes a bucket by hand, with all that is in it.
func (w *World) DeleteBucket(name string) {
	b := w.Bucket(name)
	w.happen(Op{Service: "hand", Name: "DeleteBucket", Subject: name})
	b.deleted = true
	clear(b.objects)
}

// Link is where a person finds the objects whose keys begin with prefix.
func (b *Bucket) Link(prefix string) string {
	return "https://console.aws.amazon.com/s3/buckets/" + b.name + "?" + url.Values{"region": {"us-east-1"}, "prefix": {prefix}}.Encode()
}

// Put writes an object, in the place of one that has the key.
func (b *Bucket) Put(ctx context.Context, key, contentType string, body []byte) error {
	op := Op{Service: "s3", Name: "Put", Subject: b.name, Detail: b.world.say("%s, %s, %d bytes", key, contentType, len(body))}
	err := b.world.effect(ctx, op, func(*Op) error {
		switch {
		case b.deleted:
			return errors.New("NoSuchBucket: the specified bucket does not exist")
		case key == "" || len(key) > maxKey:
			return fmt.Errorf("KeyTooLongError: a key of %d bytes; 1 to %d are possible", len(key), maxKey)
		}
		b.objects[key] = object{contentType, bytes.Clone(body)}
		return nil
	})
	if err != nil {
		return fmt.Errorf("put %s into %s: %w", key, b.name, err)
	}
	return nil
}

// Objects is what a bucket holds, by key.
func (w *World) Objects(bucket string) map[string][]byte {
	all := map[string][]byte{}
	for key, o := range w.Bucket(bucket).objects {
		all[key] = bytes.Clone(o.body)
	}
	return all
}

// ContentType is an object's, empty if there is no such object.
func (w *World) ContentType(bucket, key string) string {
	return w.Bucket(bucket).objects[key].contentType
}
