// Written by hack/codegen/gen.ts from test/fixtures/cri-v1.json. DO NOT EDIT.
import type { AuthConfig, PullImageRequest } from './api.ts';

/** Message → its fields whose value must never be logged. */
export const secretFields = { AuthConfig: ['password', 'auth', 'identityToken', 'registryToken'] } as const satisfies {
  AuthConfig: readonly (keyof AuthConfig)[];
};

/** Message → its fields that hold a message with secrets somewhere inside → that message's name. */
export const secretCarriers = { PullImageRequest: { auth: 'AuthConfig' } } as const satisfies {
  PullImageRequest: { [field in keyof PullImageRequest]?: string };
};

/** gRPC path → the names of its request and response messages. */
export const rpcMessages = {
  '/runtime.v1.RuntimeService/Version': { request: 'VersionRequest', response: 'VersionResponse' },
  '/runtime.v1.RuntimeService/RunPodSandbox': { request: 'RunPodSandboxRequest', response: 'RunPodSandboxResponse' },
  '/runtime.v1.RuntimeService/StopPodSandbox': { request: 'StopPodSandboxRequest', response: 'StopPodSandboxResponse' },
  '/runtime.v1.RuntimeService/RemovePodSandbox': {
    request: 'RemovePodSandboxRequest',
    response: 'RemovePodSandboxResponse',
  },
  '/runtime.v1.RuntimeService/PodSandboxStatus': {
    request: 'PodSandboxStatusRequest',
    response: 'PodSandboxStatusResponse',
  },
  '/runtime.v1.RuntimeService/ListPodSandbox': { request: 'ListPodSandboxRequest', response: 'ListPodSandboxResponse' },
  '/runtime.v1.RuntimeService/StreamPodSandboxes': {
    request: 'StreamPodSandboxesRequest',
    response: 'StreamPodSandboxesResponse',
  },
  '/runtime.v1.RuntimeService/CreateContainer': {
    request: 'CreateContainerRequest',
    response: 'CreateContainerResponse',
  },
  '/runtime.v1.RuntimeService/StartContainer': { request: 'StartContainerRequest', response: 'StartContainerResponse' },
  '/runtime.v1.RuntimeService/StopContainer': { request: 'StopContainerRequest', response: 'StopContainerResponse' },
  '/runtime.v1.RuntimeService/RemoveContainer': {
    request: 'RemoveContainerRequest',
    response: 'RemoveContainerResponse',
  },
  '/runtime.v1.RuntimeService/ListContainers': { request: 'ListContainersRequest', response: 'ListContainersResponse' },
  '/runtime.v1.RuntimeService/StreamContainers': {
    request: 'StreamContainersRequest',
    response: 'StreamContainersResponse',
  },
  '/runtime.v1.RuntimeService/ContainerStatus': {
    request: 'ContainerStatusRequest',
    response: 'ContainerStatusResponse',
  },
  '/runtime.v1.RuntimeService/UpdateContainerResources': {
    request: 'UpdateContainerResourcesRequest',
    response: 'UpdateContainerResourcesResponse',
  },
  '/runtime.v1.RuntimeService/ReopenContainerLog': {
    request: 'ReopenContainerLogRequest',
    response: 'ReopenContainerLogResponse',
  },
  '/runtime.v1.RuntimeService/ExecSync': { request: 'ExecSyncRequest', response: 'ExecSyncResponse' },
  '/runtime.v1.RuntimeService/Exec': { request: 'ExecRequest', response: 'ExecResponse' },
  '/runtime.v1.RuntimeService/Attach': { request: 'AttachRequest', response: 'AttachResponse' },
  '/runtime.v1.RuntimeService/PortForward': { request: 'PortForwardRequest', response: 'PortForwardResponse' },
  '/runtime.v1.RuntimeService/ContainerStats': { request: 'ContainerStatsRequest', response: 'ContainerStatsResponse' },
  '/runtime.v1.RuntimeService/ListContainerStats': {
    request: 'ListContainerStatsRequest',
    response: 'ListContainerStatsResponse',
  },
  '/runtime.v1.RuntimeService/StreamContainerStats': {
    request: 'StreamContainerStatsRequest',
    response: 'StreamContainerStatsResponse',
  },
  '/runtime.v1.RuntimeService/PodSandboxStats': {
    request: 'PodSandboxStatsRequest',
    response: 'PodSandboxStatsResponse',
  },
  '/runtime.v1.RuntimeService/ListPodSandboxStats': {
    request: 'ListPodSandboxStatsRequest',
    response: 'ListPodSandboxStatsResponse',
  },
  '/runtime.v1.RuntimeService/StreamPodSandboxStats': {
    request: 'StreamPodSandboxStatsRequest',
    response: 'StreamPodSandboxStatsResponse',
  },
  '/runtime.v1.RuntimeService/UpdateRuntimeConfig': {
    request: 'UpdateRuntimeConfigRequest',
    response: 'UpdateRuntimeConfigResponse',
  },
  '/runtime.v1.RuntimeService/Status': { request: 'StatusRequest', response: 'StatusResponse' },
  '/runtime.v1.RuntimeService/CheckpointContainer': {
    request: 'CheckpointContainerRequest',
    response: 'CheckpointContainerResponse',
  },
  '/runtime.v1.RuntimeService/CheckpointPod': { request: 'CheckpointPodRequest', response: 'CheckpointPodResponse' },
  '/runtime.v1.RuntimeService/RestorePod': { request: 'RestorePodRequest', response: 'RestorePodResponse' },
  '/runtime.v1.RuntimeService/GetContainerEvents': { request: 'GetEventsRequest', response: 'ContainerEventResponse' },
  '/runtime.v1.RuntimeService/ListMetricDescriptors': {
    request: 'ListMetricDescriptorsRequest',
    response: 'ListMetricDescriptorsResponse',
  },
  '/runtime.v1.RuntimeService/ListPodSandboxMetrics': {
    request: 'ListPodSandboxMetricsRequest',
    response: 'ListPodSandboxMetricsResponse',
  },
  '/runtime.v1.RuntimeService/StreamPodSandboxMetrics': {
    request: 'StreamPodSandboxMetricsRequest',
    response: 'StreamPodSandboxMetricsResponse',
  },
  '/runtime.v1.RuntimeService/RuntimeConfig': { request: 'RuntimeConfigRequest', response: 'RuntimeConfigResponse' },
  '/runtime.v1.RuntimeService/UpdatePodSandboxResources': {
    request: 'UpdatePodSandboxResourcesRequest',
    response: 'UpdatePodSandboxResourcesResponse',
  },
  '/runtime.v1.ImageService/ListImages': { request: 'ListImagesRequest', response: 'ListImagesResponse' },
  '/runtime.v1.ImageService/StreamImages': { request: 'StreamImagesRequest', response: 'StreamImagesResponse' },
  '/runtime.v1.ImageService/ImageStatus': { request: 'ImageStatusRequest', response: 'ImageStatusResponse' },
  '/runtime.v1.ImageService/PullImage': { request: 'PullImageRequest', response: 'PullImageResponse' },
  '/runtime.v1.ImageService/RemoveImage': { request: 'RemoveImageRequest', response: 'RemoveImageResponse' },
  '/runtime.v1.ImageService/ImageFsInfo': { request: 'ImageFsInfoRequest', response: 'ImageFsInfoResponse' },
} as const;
