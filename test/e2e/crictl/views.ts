/** What crictl prints as JSON, as far as the walk looks. */

export interface PodView {
  readonly status: {
    readonly id: string;
    readonly state: string;
    readonly network: { readonly ip: string };
    readonly labels: Readonly<Record<string, string>>;
    readonly linux: { readonly namespaces: { readonly options: Readonly<Record<string, string>> } };
  };
  readonly info: { readonly cgroup: string; readonly config: object; readonly runtimeSpec: object };
}

export interface ContainerView {
  readonly status: {
    readonly id: string;
    readonly state: string;
    readonly exitCode: number;
    readonly reason: string;
    readonly imageId: string;
    readonly imageRef: string;
    readonly logPath: string;
    readonly image: { readonly image: string; readonly userSpecifiedImage: string };
    readonly resources: { readonly linux: Readonly<Record<string, unknown>> };
  };
  readonly info: {
    readonly pid: number;
    readonly sandboxID: string;
    readonly config: object;
    readonly runtimeSpec: { readonly process: { readonly args: readonly string[] } };
  };
}

export interface ImageView {
  readonly status: {
    readonly id: string;
    readonly repoTags: readonly string[];
    readonly repoDigests: readonly string[];
    readonly size: string;
  };
}

export interface StatsView {
  readonly stats: readonly {
    readonly attributes: { readonly id: string };
    readonly cpu: { readonly usageCoreNanoSeconds: { readonly value: string } };
    readonly memory: { readonly workingSetBytes: { readonly value: string } };
    readonly writableLayer: {
      readonly usedBytes: { readonly value: string };
      readonly fsId: { readonly mountpoint: string };
    };
  }[];
}

export interface PodStatsView {
  readonly stats: readonly {
    readonly attributes: { readonly id: string };
    readonly linux: {
      readonly containers: readonly { readonly attributes: { readonly id: string } }[];
      readonly network: { readonly defaultInterface: { readonly name: string } };
      readonly process: { readonly processCount: { readonly value: string } };
    };
  }[];
}

export interface PodMetricsView {
  readonly podMetrics: readonly {
    readonly podSandboxId: string;
    readonly containerMetrics: readonly { readonly metrics: readonly { readonly name: string }[] }[];
  }[];
}

export interface DescriptorsView {
  readonly descriptors: readonly object[];
}

interface FilesystemView {
  readonly fsId: { readonly mountpoint: string };
  readonly usedBytes: { readonly value: string };
  readonly inodesUsed: { readonly value: string };
}

export interface ImageFsView {
  readonly status: {
    readonly imageFilesystems: readonly FilesystemView[];
    readonly containerFilesystems: readonly FilesystemView[];
  };
}

export interface InfoView {
  readonly status: { readonly conditions: readonly { readonly type: string; readonly status: boolean }[] };
  readonly runtimeHandlers: readonly { readonly name?: string }[];
  readonly config: object;
}
