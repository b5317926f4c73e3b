// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "CoreMinimal.h"
#include "Engine/DeveloperSettings.h"

#include "FacewireSettings.generated.h"

/** Project Settings > Plugins > Facewire. */
UCLASS(config = Game, defaultconfig, meta = (DisplayName = "Facewire"))
class FACEWIRE_API UFacewireSettings : public UDeveloperSettings
{
	GENERATED_BODY()

public:
	/** What facewire live prints; with ?token= behind it from another machine. */
	UPROPERTY(config, EditAnywhere, Category = "Facewire")
	FString Server = TEXT("ws://127.0.0.1:8765");

	/** What the face is called in Live Link. */
	UPROPERTY(config, EditAnywhere, Category = "Facewire")
	FName Subject = TEXT("Facewire");

	virtual FName GetCategoryName() const override { return TEXT("Plugins"); }
};
