package main

import (
	"bufio"
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/container-storage-interface/spec/lib/go/csi"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/timestamppb"
)

// CreateVolume makes a folder, or a copy of a snapshot or of another volume. A name stands for one volume, however often it is asked for.
func (f *folders) CreateVolume(_ context.Context, r *csi.CreateVolumeRequest) (*csi.CreateVolumeResponse, error) {
	f.busy.Lock()
	defer f.busy.Unlock()
	volume, err := within(f.volumes, r.Name)
	if err != nil {
		return nil, err
	}
	if r.VolumeContentSource == nil {
		err = create(volume)
	} else {
		var source string
		if source, err = f.source(r.VolumeContentSource); err == nil {
			err = copyFolder(source, volume)
		}
	}
	if err != nil {
		return nil, err
	}
	return &csi.CreateVolumeResponse{Volume: &csi.Volume{
		VolumeId: r.Name, CapacityBytes: r.CapacityRange.GetRequiredBytes(), ContentSource: r.VolumeContentSource,
	}}, nil
}

// create makes a folder that every user may write to, since a Pod's may be any.
func create(volume string) error {
	if err := os.Mkdir(volume, 0o777); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return os.Chmod(volume, 0o777)
}

func (f *folders) source(from *csi.VolumeContentSource) (string, error) {
	folder, name := f.volumes, from.GetVolume().GetVolumeId()
	if snapshot := from.GetSnapshot(); snapshot != nil {
		folder, name = f.snapshots, snapshot.SnapshotId
	}
	path, err := within(folder, name)
	if err != nil {
		return "", err
	}
	if _, err := os.Stat(path); err != nil {
		return "", status.Errorf(codes.NotFound, "there is no %s to copy from", name)
	}
	return path, nil
}

func (f *folders) DeleteVolume(_ context.Context, r *csi.DeleteVolumeRequest) (*csi.DeleteVolumeResponse, error) {
	f.busy.Lock()
	defer f.busy.Unlock()
	return &csi.DeleteVolumeResponse{}, remove(f.volumes, r.VolumeId)
}

func (f *folders) ValidateVolumeCapabilities(_ context.Context, r *csi.ValidateVolumeCapabilitiesRequest) (*csi.ValidateVolumeCapabilitiesResponse, error) {
	return &csi.ValidateVolumeCapabilitiesResponse{
		Confirmed: &csi.ValidateVolumeCapabilitiesResponse_Confirmed{VolumeCapabilities: r.VolumeCapabilities},
	}, nil
}

// CreateSnapshot copies a volume as it is at this moment, file by file: who writes meanwhile may be seen half.
func (f *folders) CreateSnapshot(_ context.Context, r *csi.CreateSnapshotRequest) (*csi.CreateSnapshotResponse, error) {
	f.busy.Lock()
	defer f.busy.Unlock()
	snapshot, err := within(f.snapshots, r.Name)
	if err != nil {
		return nil, err
	}
	volume, err := within(f.volumes, r.SourceVolumeId)
	if err != nil {
		return nil, err
	}
	if _, err := os.Stat(volume); err != nil {
		return nil, status.Errorf(codes.NotFound, "there is no volume %s", r.SourceVolumeId)
	}
	if err := copyFolder(volume, snapshot); err != nil {
		return nil, err
	}
	info, err := os.Stat(snapshot)
	if err != nil {
		return nil, err
	}
	return &csi.CreateSnapshotResponse{Snapshot: &csi.Snapshot{
		SnapshotId: r.Name, SourceVolumeId: r.SourceVolumeId, ReadyToUse: true, CreationTime: timestamppb.New(info.ModTime()),
	}}, nil
}

func (f *folders) DeleteSnapshot(_ context.Context, r *csi.DeleteSnapshotRequest) (*csi.DeleteSnapshotResponse, error) {
	f.busy.Lock()
	defer f.busy.Unlock()
	return &csi.DeleteSnapshotResponse{}, remove(f.snapshots, r.SnapshotId)
}

// originFile says in a copy's folder beside it what it is a copy of.
func originFile(copied string) string {
	return filepath.Join(filepath.Dir(copied), "."+filepath.Base(copied)+".origin")
}

// copyFolder brings the copy to its place in one move, so that half of one is never taken for all. Who asks again while it is made waits.
func copyFolder(from, to string) error {
	if _, err := os.Stat(to); err == nil {
		if origin, err := os.ReadFile(originFile(to)); err == nil && string(origin) != from {
			return status.Errorf(codes.AlreadyExists, "%s is a copy of something else", filepath.Base(to))
		}
		return nil
	}
	half := filepath.Join(filepath.Dir(to), "."+filepath.Base(to))
	if err := os.RemoveAll(half); err != nil {
		return err
	}
	if err := command("cp", "--archive", "--reflink=auto", from, half); err != nil {
		return err
	}
	if err := os.WriteFile(originFile(to), []byte(from), 0o644); err != nil {
		return err
	}
	return os.Rename(half, to)
}

// remove is done, too, if there is nothing under the name, or could be.
func remove(folder, name string) error {
	path, err := within(folder, name)
	if err != nil {
		return nil
	}
	if err := os.Remove(originFile(path)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return os.RemoveAll(path)
}

func isMounted(target string) (bool, error) {
	mounts, err := os.Open("/proc/self/mounts")
	if err != nil {
		return false, err
	}
	defer mounts.Close()
	lines := bufio.NewScanner(mounts)
	for lines.Scan() {
		if fields := strings.Fields(lines.Text()); len(fields) > 1 && fields[1] == target {
			return true, nil
		}
	}
	return false, lines.Err()
}
