package main

import (
	"context"
	"errors"
	"flag"
	"io/fs"
	"log"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"sync"
	"syscall"

	"github.com/container-storage-interface/spec/lib/go/csi"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/wrapperspb"
	registration "k8s.io/kubelet/pkg/apis/pluginregistration/v1"
)

const (
	csiDriver = "folders.realm.test"
	csiSocket = "/var/lib/kubelet/plugins/" + csiDriver + "/csi.sock"
)

// folders is a CSI driver: a volume is a folder of a place that all nodes of a realm share, a snapshot a copy of it.
type folders struct {
	csi.UnimplementedIdentityServer
	csi.UnimplementedControllerServer
	csi.UnimplementedNodeServer
	registration.UnimplementedRegistrationServer
	node               string
	volumes, snapshots string
	// A sidecar asks again when an answer takes long: the second must not begin while the first is at it.
	busy sync.Mutex
}

// runCSI serves the driver to the kubelet of this node, and on the first node to the sidecars that make volumes and snapshots.
func runCSI(args []string) error {
	flags := flag.NewFlagSet("csi", flag.ContinueOnError)
	node := flags.String("node", "", "the name of this node")
	root := flags.String("root", "/volumes", "folder of all volumes and snapshots, shared by the nodes")
	if err := flags.Parse(args); err != nil {
		return err
	}
	driver := &folders{node: *node, volumes: filepath.Join(*root, "volumes"), snapshots: filepath.Join(*root, "snapshots")}
	for _, folder := range []string{driver.volumes, driver.snapshots} {
		if err := os.MkdirAll(folder, 0o755); err != nil {
			return err
		}
	}
	failed := make(chan error)
	go func() {
		failed <- serveAt(csiSocket, func(server *grpc.Server) {
			csi.RegisterIdentityServer(server, driver)
			csi.RegisterControllerServer(server, driver)
			csi.RegisterNodeServer(server, driver)
		})
	}()
	// The kubelet looks here for drivers.
	go func() {
		failed <- serveAt("/var/lib/kubelet/plugins_registry/"+csiDriver+"-reg.sock", func(server *grpc.Server) {
			registration.RegisterRegistrationServer(server, driver)
		})
	}()
	return <-failed
}

func serveAt(socket string, register func(*grpc.Server)) error {
	if err := os.MkdirAll(filepath.Dir(socket), 0o755); err != nil {
		return err
	}
	if err := os.Remove(socket); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	listener, err := net.Listen("unix", socket)
	if err != nil {
		return err
	}
	server := grpc.NewServer()
	register(server)
	return server.Serve(listener)
}

func (f *folders) GetInfo(context.Context, *registration.InfoRequest) (*registration.PluginInfo, error) {
	return &registration.PluginInfo{
		Type: registration.CSIPlugin, Name: csiDriver, Endpoint: csiSocket, SupportedVersions: []string{"1.0.0"},
	}, nil
}

func (f *folders) NotifyRegistrationStatus(_ context.Context, r *registration.RegistrationStatus) (*registration.RegistrationStatusResponse, error) {
	if !r.PluginRegistered {
		log.Printf("the kubelet does not take the driver: %s", r.Error)
	}
	return &registration.RegistrationStatusResponse{}, nil
}

func (f *folders) GetPluginInfo(context.Context, *csi.GetPluginInfoRequest) (*csi.GetPluginInfoResponse, error) {
	return &csi.GetPluginInfoResponse{Name: csiDriver, VendorVersion: "1"}, nil
}

func (f *folders) Probe(context.Context, *csi.ProbeRequest) (*csi.ProbeResponse, error) {
	return &csi.ProbeResponse{Ready: wrapperspb.Bool(true)}, nil
}

func (f *folders) GetPluginCapabilities(context.Context, *csi.GetPluginCapabilitiesRequest) (*csi.GetPluginCapabilitiesResponse, error) {
	return &csi.GetPluginCapabilitiesResponse{Capabilities: []*csi.PluginCapability{{
		Type: &csi.PluginCapability_Service_{Service: &csi.PluginCapability_Service{Type: csi.PluginCapability_Service_CONTROLLER_SERVICE}},
	}}}, nil
}

func (f *folders) ControllerGetCapabilities(context.Context, *csi.ControllerGetCapabilitiesRequest) (*csi.ControllerGetCapabilitiesResponse, error) {
	var all []*csi.ControllerServiceCapability
	for _, one := range []csi.ControllerServiceCapability_RPC_Type{
		csi.ControllerServiceCapability_RPC_CREATE_DELETE_VOLUME, csi.ControllerServiceCapability_RPC_CREATE_DELETE_SNAPSHOT,
		csi.ControllerServiceCapability_RPC_CLONE_VOLUME,
	} {
		all = append(all, &csi.ControllerServiceCapability{
			Type: &csi.ControllerServiceCapability_Rpc{Rpc: &csi.ControllerServiceCapability_RPC{Type: one}},
		})
	}
	return &csi.ControllerGetCapabilitiesResponse{Capabilities: all}, nil
}

func (f *folders) NodeGetCapabilities(context.Context, *csi.NodeGetCapabilitiesRequest) (*csi.NodeGetCapabilitiesResponse, error) {
	return &csi.NodeGetCapabilitiesResponse{}, nil
}

func (f *folders) NodeGetInfo(context.Context, *csi.NodeGetInfoRequest) (*csi.NodeGetInfoResponse, error) {
	return &csi.NodeGetInfoResponse{NodeId: f.node}, nil
}

// NodePublishVolume binds the volume's folder to where the kubelet wants it.
func (f *folders) NodePublishVolume(_ context.Context, r *csi.NodePublishVolumeRequest) (*csi.NodePublishVolumeResponse, error) {
	volume, err := within(f.volumes, r.VolumeId)
	if err != nil {
		return nil, err
	}
	if _, err := os.Stat(volume); err != nil {
		return nil, status.Errorf(codes.NotFound, "there is no volume %s", r.VolumeId)
	}
	target := r.TargetPath
	if err := os.MkdirAll(target, 0o750); err != nil {
		return nil, err
	}
	if mounted, err := isMounted(target); err != nil || mounted {
		return &csi.NodePublishVolumeResponse{}, err
	}
	if err := syscall.Mount(volume, target, "", syscall.MS_BIND, ""); err != nil {
		return nil, err
	}
	if r.Readonly {
		if err := syscall.Mount("", target, "", syscall.MS_BIND|syscall.MS_REMOUNT|syscall.MS_RDONLY, ""); err != nil {
			// Left as it is, the next attempt would take it for done.
			return nil, errors.Join(err, syscall.Unmount(target, 0))
		}
	}
	return &csi.NodePublishVolumeResponse{}, nil
}

func (f *folders) NodeUnpublishVolume(_ context.Context, r *csi.NodeUnpublishVolumeRequest) (*csi.NodeUnpublishVolumeResponse, error) {
	mounted, err := isMounted(r.TargetPath)
	if err != nil {
		return nil, err
	}
	if mounted {
		if err := syscall.Unmount(r.TargetPath, 0); err != nil {
			return nil, err
		}
	}
	if err := os.Remove(r.TargetPath); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	return &csi.NodeUnpublishVolumeResponse{}, nil
}

var safeName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9-]{0,126}$`)

// within gives the folder of a name, which must not lead anywhere else.
func within(folder, name string) (string, error) {
	if !safeName.MatchString(name) {
		return "", status.Errorf(codes.InvalidArgument, "%q is no name of a volume or a snapshot", name)
	}
	return filepath.Join(folder, name), nil
}
