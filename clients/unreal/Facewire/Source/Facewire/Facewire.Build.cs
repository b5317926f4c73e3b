// SPDX-License-Identifier: Apache-2.0
using UnrealBuildTool;

public class Facewire : ModuleRules
{
    public Facewire(ReadOnlyTargetRules Target) : base(Target)
    {
        PCHUsage = PCHUsageMode.UseExplicitOrSharedPCHs;
        PublicDependencyModuleNames.AddRange(new[] { "Core", "CoreUObject", "Engine", "LiveLinkInterface" });
        PrivateDependencyModuleNames.AddRange(new[] { "DeveloperSettings", "WebSockets" });
    }
}
