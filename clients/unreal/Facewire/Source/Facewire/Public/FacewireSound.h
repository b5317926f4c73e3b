// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "CoreMinimal.h"
#include "Components/ActorComponent.h"

#include "FacewireConnection.h"

#include "FacewireSound.generated.h"

class UAudioComponent;
class USoundWaveProcedural;

/** Plays the sound of the live stream; the server says who may hear it (facewire live --open-sound, or a token). */
UCLASS(ClassGroup = (Facewire), meta = (BlueprintSpawnableComponent))
class FACEWIRE_API UFacewireSound : public UActorComponent
{
	GENERATED_BODY()

public:
	/** Faces come later than their sound by the look-ahead: the sound waits as long, in seconds. */
	UPROPERTY(EditAnywhere, Category = "Facewire", meta = (ClampMin = "0.0", ClampMax = "1.0"))
	float DelaySeconds = 0.1f;

	virtual void BeginPlay() override;
	virtual void EndPlay(const EEndPlayReason::Type Reason) override;

private:
	void TakeHello(const facewire::Hello& Hello);
	void TakeAudio(const facewire::Audio& Audio);

	UPROPERTY(Transient)
	TObjectPtr<USoundWaveProcedural> Wave;

	UPROPERTY(Transient)
	TObjectPtr<UAudioComponent> Player;

	TUniquePtr<FFacewireConnection> Connection;
	int32 SampleRate = 0;
	int64 NextSample = 0;
};
