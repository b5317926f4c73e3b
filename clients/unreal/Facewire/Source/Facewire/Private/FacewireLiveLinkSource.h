// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "CoreMinimal.h"
#include "ILiveLinkSource.h"
#include "LiveLinkSourceFactory.h"

#include "FacewireConnection.h"

#include "FacewireLiveLinkSource.generated.h"

/** A face as a subject of Live Link: a basic role with ARKit's curves, as the Apple ARKit plug-in has them. */
class FFacewireLiveLinkSource : public ILiveLinkSource
{
public:
	FFacewireLiveLinkSource(const FString& Server, FName Subject);

	virtual void ReceiveClient(ILiveLinkClient* InClient, FGuid InSourceGuid) override;
	virtual bool IsSourceStillValid() const override;
	virtual bool RequestSourceShutdown() override;
	virtual FText GetSourceType() const override;
	virtual FText GetSourceMachineName() const override;
	virtual FText GetSourceStatus() const override;

private:
	void TakeHello(const facewire::Hello& Hello);
	void TakeFrame(const facewire::Frame& Frame);

	FString Server;
	FLiveLinkSubjectKey Key;
	ILiveLinkClient* Client = nullptr;
	TUniquePtr<FFacewireConnection> Connection;
	TUniquePtr<facewire::JitterBuffer> Timing;
};

/** Window > Virtual Production > Live Link > + Source > Facewire. */
UCLASS()
class UFacewireLiveLinkSourceFactory : public ULiveLinkSourceFactory
{
	GENERATED_BODY()

public:
	virtual FText GetSourceDisplayName() const override;
	virtual FText GetSourceTooltip() const override;
	virtual EMenuType GetMenuType() const override { return EMenuType::MenuEntry; }
	virtual TSharedPtr<ILiveLinkSource> CreateSource(const FString& ConnectionString) const override;
};
